// Verifying a backup with its keys, and making a store of it (backup.h).
#include <algorithm>

#include "store/backend/memory_backend.h"
#include "store/backup.h"
#include "store/record_codec.h"
#include "store/sealer.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

// Looks at nothing: the reader checks structure and hash.
class Nowhere final : public RowSink {
 public:
  Result<void> begin(const Contents&) override { return {}; }
  Result<void> current(Record&&) override { return {}; }
  Result<void> history(Record&&) override { return {}; }
  Result<void> telemetry(Telemetry&&) override { return {}; }
};

// Opens every record, and counts those that the head vouches for.
class Verifier final : public RowSink {
 public:
  explicit Verifier(std::shared_ptr<const crypto::MasterKeys> keys) : keys_(std::move(keys)) {}

  Result<void> begin(const Contents& contents) override {
    sealer_ = std::make_shared<const Sealer>(contents.store_id, keys_);
    revision_ = contents.revision;
    for (const KeyUse& use : contents.keys) {
      if (keys_->has(use.key_id)) continue;
      return base::fail(Code::kRefused,
                        "master key " + use.key_id +
                            " is needed to open this backup and is not "
                            "among the given ones",
                        "name it with --master-key; the one given first is " + keys_->primary_id());
    }
    return {};
  }
  Result<void> current(Record&& record) override {
    if (record.kind == kHeadKind) return take_head(record);
    auto opened = open(record);
    if (!opened) return pass(opened);
    toggle(set_hash_, opened->held.mark);
    ++count_;
    return {};
  }
  Result<void> history(Record&& record) override {
    auto opened = open(record);
    if (!opened) return pass(opened);
    return {};
  }
  Result<void> telemetry(Telemetry&&) override { return {}; }

  Result<void> finish(const BackupReader& reader) const {
    if (!head_) return corrupt("the head is missing");
    if (head_->revision != revision_) return corrupt("its head is of another revision");
    if (head_->count != count_ || head_->set_hash != set_hash_) {
      return corrupt("its records are not those that its head says");
    }
    if (!crypto::equal_in_constant_time(backup_mac(codec_->keys(), reader.hash()), reader.mac())) {
      return corrupt("it was changed after it was written");
    }
    return {};
  }

 private:
  static base::Unexpected corrupt(std::string_view what) {
    return base::fail(Code::kCorrupt, "the backup is not sound: " + std::string(what),
                      "use another backup");
  }
  Result<void> take_head(const Record& record) {
    if (codec_) return corrupt("it has two heads");
    auto head = open_head(*sealer_, record);
    if (!head) return pass(head);
    head_ = head->head;
    codec_ = std::make_shared<const RecordCodec>(
        sealer_, std::make_shared<const StoreKeys>(std::move(head->keys)));
    return {};
  }
  Result<OpenedRecord> open(const Record& record) {
    if (!codec_) return corrupt("a record comes before the head");
    return codec_->open(record, scratch_);
  }

  std::shared_ptr<const crypto::MasterKeys> keys_;
  std::shared_ptr<const Sealer> sealer_;
  std::shared_ptr<const RecordCodec> codec_;
  Scratch scratch_;
  std::optional<Head> head_;
  std::uint64_t revision_ = 0;
  std::uint64_t count_ = 0;
  crypto::Digest set_hash_{};
};

// What only the old place knew.
bool stays_behind(std::string_view key) {
  return key.starts_with("node/") || key.starts_with("audit/") || key.starts_with("audit-node/") ||
         key == "rotation";
}

// Passes everything on, the head with another epoch.
class Renewed final : public RowSink {
 public:
  Renewed(RowSink& target, std::shared_ptr<const crypto::MasterKeys> keys, base::UnixTime now)
      : target_(target), keys_(std::move(keys)), now_(now) {}

  Result<void> begin(const Contents& contents) override {
    store_id_ = contents.store_id;
    return target_.begin(contents);
  }
  Result<void> current(Record&& record) override {
    if (record.kind != kHeadKind) return target_.current(std::move(record));
    const Sealer sealer(store_id_, keys_);
    auto head = open_head(sealer, record);
    if (!head) return pass(head);
    // The time, so that no two restores begin the same epoch.
    const auto seconds = static_cast<std::uint64_t>(std::max<std::int64_t>(now_.seconds(), 0));
    head->head.epoch = std::max(head->head.epoch + 1, seconds);
    auto sealed = seal_head(sealer, head->head, head->keys);
    if (!sealed) return pass(sealed);
    return target_.current(std::move(*sealed));
  }
  Result<void> history(Record&& record) override { return target_.history(std::move(record)); }
  Result<void> telemetry(Telemetry&& row) override {
    if (stays_behind(row.key)) return {};
    return target_.telemetry(std::move(row));
  }

 private:
  RowSink& target_;
  std::shared_ptr<const crypto::MasterKeys> keys_;
  base::UnixTime now_;
  std::string store_id_;
};

Result<BackupReport> verify(BackupReader& reader,
                            const std::shared_ptr<const crypto::MasterKeys>& keys) {
  Verifier verifier(keys);
  auto counts = reader.read(verifier);
  if (!counts) return pass(counts);
  if (auto sound = verifier.finish(reader); !sound) return pass(sound);
  return BackupReport{reader.info(), *counts, true};
}

}  // namespace

Result<BackupReport> verify_backup(const std::filesystem::path& file,
                                   std::shared_ptr<const crypto::MasterKeys> keys) {
  auto reader = BackupReader::open(file);
  if (!reader) return pass(reader);
  if (keys) return verify(*reader, keys);
  Nowhere nowhere;
  auto counts = reader->read(nowhere);
  if (!counts) return pass(counts);
  return BackupReport{reader->info(), *counts, false};
}

Result<std::unique_ptr<Store>> open_backup(const std::filesystem::path& file,
                                           std::shared_ptr<const crypto::MasterKeys> keys) {
  auto reader = BackupReader::open(file);
  if (!reader) return pass(reader);
  if (auto verified = verify(*reader, keys); !verified) return pass(verified);
  auto backend = make_memory_backend();
  auto filled = backend->fill([&](RowSink& sink) -> Result<void> {
    auto read = reader->read(sink);
    if (!read) return pass(read);
    return {};
  });
  if (!filled) return pass(filled);
  return Store::open(std::move(backend), std::move(keys));
}

Result<BackupReport> restore_backup(const std::filesystem::path& file,
                                    const std::shared_ptr<const crypto::MasterKeys>& keys,
                                    Backend& backend, base::UnixTime now) {
  auto reader = BackupReader::open(file);
  if (!reader) return pass(reader);
  auto report = verify(*reader, keys);
  if (!report) return report;
  const crypto::Digest verified = reader->hash();
  auto filled = backend.fill([&](RowSink& sink) -> Result<void> {
    Renewed renewed(sink, keys, now);
    auto read = reader->read(renewed);
    if (!read) return pass(read);
    if (reader->hash() == verified) return {};
    return base::fail(Code::kCorrupt, "the backup changed while it was read");
  });
  if (!filled) return pass(filled);
  return report;
}

}  // namespace sutler::store
