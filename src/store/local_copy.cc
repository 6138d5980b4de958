#include "store/local_copy.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <mutex>

#include "base/file.h"
#include "store/sqlite/sqlite_backend.h"
#include "store/store.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {

constexpr char kCopyOf[] = "copy-of";

void remove_file(std::filesystem::path file, const char* suffix) {
  std::error_code ignored;
  std::filesystem::remove(file += suffix, ignored);
}

Result<void> go_on(const CopyOrder& order) {
  if (!order.give_up || !order.give_up()) return {};
  return base::fail(Code::kUnavailable, "it was given up: it takes too long");
}

// Everything but the history.
class CurrentOnly final : public RowSink {
 public:
  CurrentOnly(RowSink& sink, const CopyOrder& order) : sink_(sink), order_(order) {}
  Wants wants() const override { return Wants::kCurrent; }
  Result<void> begin(const Contents& contents) override { return sink_.begin(contents); }
  Result<void> current(Record&& record) override {
    if (auto on = go_on(order_); !on) return on;
    return sink_.current(std::move(record));
  }
  Result<void> history(Record&&) override { return go_on(order_); }
  Result<void> telemetry(Telemetry&& row) override {
    if (auto on = go_on(order_); !on) return on;
    return is_audit_line_row(row.key) ? Result<void>() : sink_.telemetry(std::move(row));
  }

 private:
  RowSink& sink_;
  const CopyOrder& order_;
};

class CopyFirst final : public Backend {
 public:
  CopyFirst(std::unique_ptr<Backend> copy, OpenBackend open)
      : copy_(std::move(copy)), open_(std::move(open)) {}

  Result<void> apply(const Batch& batch) override {
    return write([&](Backend& on) { return on.apply(batch); });
  }
  Result<void> load_all(const Visit& visit) override { return readable()->load_all(visit); }
  Result<void> load_since(std::uint64_t revision, const Visit& visit) override {
    return readable()->load_since(revision, visit);
  }
  Result<std::vector<Record>> history(const std::string& kind, const std::string& id) override {
    return readable()->history(kind, id);
  }
  Result<std::optional<Record>> version(const std::string& kind, const std::string& id,
                                        std::uint64_t version) override {
    return readable()->version(kind, id, version);
  }
  Result<void> changes(std::uint64_t first, std::uint64_t last, const Visit& visit) override {
    return readable()->changes(first, last, visit);
  }
  Result<void> old_versions(const Visit& visit) override { return readable()->old_versions(visit); }
  Result<std::uint64_t> purge(const std::vector<Purge>& batch) override {
    return write([&](Backend& on) { return on.purge(batch); });
  }
  Result<std::uint64_t> revision() override { return readable()->revision(); }
  Result<std::uint64_t> change_stamp() override {
    if (another_store_) return fail_another();
    return readable()->change_stamp();
  }

  Result<std::uint64_t> wait(std::uint64_t known, std::chrono::milliseconds limit) override {
    if (auto reached = reach(); !reached) return pass(reached);
    return readable()->wait(known, limit);
  }

  Result<void> put_telemetry(const std::vector<Telemetry>& batch) override {
    return write([&](Backend& on) { return on.put_telemetry(batch); });
  }
  // Only what may be older than it is: from an old row of the workload registry a node would count
  // on, and a session that ended since would be good again.
  Result<std::vector<Telemetry>> telemetry(const std::string& prefix) override {
    for (const char* harmless : {"audit/checkpoint", "clock", "node/"}) {
      if (prefix.starts_with(harmless)) return readable()->telemetry(prefix);
    }
    return write([&](Backend& on) { return on.telemetry(prefix); });
  }
  Result<bool> lease(const std::string& name, const std::string& holder,
                     std::chrono::seconds time) override {
    return write([&](Backend& on) { return on.lease(name, holder, time); });
  }
  // Never from the copy: who reads a range goes on from where it ends.
  Result<std::vector<Telemetry>> telemetry_between(const TelemetryRange& range) override {
    return write([&](Backend& on) { return on.telemetry_between(range); });
  }
  Result<std::vector<KeyUse>> key_use() override { return readable()->key_use(); }
  Result<std::vector<WrappedKey>> wrapped_by_others(const std::string& key_id,
                                                    std::size_t limit) override {
    return readable()->wrapped_by_others(key_id, limit);
  }
  Result<std::uint64_t> rewrap(const std::vector<Rewrap>& batch) override {
    return write([&](Backend& on) { return on.rewrap(batch); });
  }
  Result<void> scrub() override {
    return write([](Backend& on) { return on.scrub(); });
  }
  Result<void> dump(RowSink& sink) override {
    return write([&](Backend& on) { return on.dump(sink); });
  }
  Result<void> fill(const Produce& produce) override {
    return write([&](Backend& on) { return on.fill(produce); });
  }
  Result<std::string> store_id() override { return readable()->store_id(); }

 private:
  // The caller holds on to it: the copy is given up when the database is reached.
  std::shared_ptr<Backend> readable() {
    const std::lock_guard lock(mutex_);
    return database_ ? database_ : copy_;
  }

  template <class Operation>
  std::invoke_result_t<Operation, Backend&> write(Operation&& operation) {
    std::shared_ptr<Backend> database;
    {
      const std::lock_guard lock(mutex_);
      database = database_;
    }
    if (database) return operation(*database);
    return base::fail(Code::kUnavailable, "the database has not been reached since the start", {},
                      kDatabaseUnreachable);
  }

  Result<void> reach() {
    {
      const std::lock_guard lock(mutex_);
      if (database_) return {};
    }
    auto opened = open_();
    if (!opened) return pass(opened);
    auto theirs = (*opened)->store_id();
    if (!theirs) return pass(theirs);
    auto ours = readable()->store_id();
    if (!ours) return pass(ours);
    if (*theirs != *ours) {
      another_store_ = true;
      return fail_another();
    }
    const std::lock_guard lock(mutex_);
    database_ = std::move(*opened);
    copy_.reset();
    return {};
  }

  static base::Unexpected fail_another() {
    return base::fail(Code::kCorrupt, "the database holds another store than the local copy");
  }

  std::atomic<bool> another_store_{false};
  std::mutex mutex_;  // over the two
  std::shared_ptr<Backend> copy_, database_;
  const OpenBackend open_;
};

Result<void> fill_copy(Backend& from, const std::filesystem::path& file, const std::string& of,
                       const CopyOrder& order) {
  auto copy = open_sqlite(file, SqliteOpen::kCreate);
  if (!copy) return pass(copy);
  auto filled = (*copy)->fill([&](RowSink& sink) {
    CurrentOnly current(sink, order);
    return from.dump(current);
  });
  if (!filled) return filled;
  if (auto named = (*copy)->put_telemetry({{kCopyOf, of}}); !named) return named;
  // All of it into the one file; the rest of the write-ahead log goes with the connection.
  return (*copy)->scrub();
}

// The database is untrusted: what does not open must not take the place of what does.
Result<void> check_copy(const std::filesystem::path& file,
                        const std::shared_ptr<const crypto::MasterKeys>& keys,
                        std::uint64_t revision) {
  auto copy = open_sqlite(file, SqliteOpen::kExisting);
  if (!copy) return pass(copy);
  auto store = Store::open(std::move(*copy), keys);
  if (!store) return pass(store);
  if ((*store)->snapshot()->revision >= revision) return {};
  return base::fail(Code::kCorrupt, "the database gave an older state than it had before");
}

}  // namespace

Result<void> write_local_copy(Backend& from, const CopyPlace& place,
                              const std::shared_ptr<const crypto::MasterKeys>& keys,
                              const CopyOrder& order) {
  auto part = place.file;
  part += ".part";
  for (const char* suffix : {"", "-wal", "-shm"}) remove_file(part, suffix);
  if (auto filled = fill_copy(from, part, place.of, order); !filled) return filled;
  if (auto on = go_on(order); !on) return on;
  if (auto good = check_copy(part, keys, order.revision); !good) return good;
  // A log of the old file would be read into the new one.
  for (const char* suffix : {"-wal", "-shm"}) remove_file(place.file, suffix);
  std::error_code error;
  std::filesystem::rename(part, place.file, error);
  if (error) {
    return base::fail(Code::kUnavailable,
                      place.file.string() + " cannot be put in place: " + error.message());
  }
  const auto parent = place.file.parent_path();
  const base::FileDescriptor folder(::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    return base::fail_errno(errno, parent.string() + " cannot be synced");
  }
  return {};
}

Result<std::unique_ptr<Backend>> start_from_copy(const CopyPlace& place, OpenBackend open) {
  auto copy = open_sqlite(place.file, SqliteOpen::kExisting);
  if (!copy) return pass(copy);
  auto of = (*copy)->telemetry(kCopyOf);
  if (!of) return pass(of);
  if (of->empty() || of->front().value != place.of) {
    return base::fail(Code::kRefused, place.file.string() + " is a copy of another database",
                      "remove it if `store` was changed on purpose");
  }
  return std::make_unique<CopyFirst>(std::move(*copy), std::move(open));
}

}  // namespace sutler::store
