#include "store/sealer.h"

#include <cstdlib>
#include <cstring>

#include "base/locked_bytes.h"
#include "crypto/random.h"

namespace sutler::store {

using base::Code;
using base::Result;

namespace {
constexpr std::string_view kDomain = "sutler-record-v1";

// A fresh data key on this stack, wiped when it goes.
struct DataKey {
  unsigned char bytes[crypto::kAeadKeyBytes];
  DataKey() { crypto::random_fill(bytes); }
  ~DataKey() { base::wipe(bytes, sizeof bytes); }
  DataKey(const DataKey&) = delete;
  DataKey& operator=(const DataKey&) = delete;
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes), sizeof bytes};
  }
};
}  // namespace

Place place_of(const Record& record) {
  return {record.kind, record.id, record.version, record.revision, record.deleted};
}

std::string describe(const Place& place) {
  return "record " + std::string(place.kind) + "/" + std::string(place.id);
}

base::Unexpected fail_record(const Place& place, std::string_view what) {
  return base::fail(Code::kCorrupt, describe(place) + " " + std::string(what),
                    "the database was changed from outside or is damaged; restore a backup");
}

Identity::Identity(std::string_view store_id, const Place& place) {
  add(kDomain);
  add(store_id);
  add(place.kind);
  add(place.id);
  add(place.version);
  add(place.revision);
  add(place.deleted ? 1 : 0);
  ++size_;  // the part
}

std::string_view Identity::of(Part part) {
  bytes_[size_ - 1] = static_cast<char>(part);
  return {bytes_, size_};
}

void Identity::add(std::string_view bytes) {
  // One byte of length, and room for the part.
  if (bytes.size() > 0xff || size_ + 1 + bytes.size() + 1 > sizeof bytes_) std::abort();
  bytes_[size_++] = static_cast<char>(bytes.size());
  std::memcpy(bytes_ + size_, bytes.data(), bytes.size());
  size_ += bytes.size();
}

void Identity::add(std::uint64_t number) {
  char text[8];
  for (unsigned i = 0; i < 8; ++i) text[i] = static_cast<char>((number >> (8 * i)) & 0xff);
  add(std::string_view(text, sizeof text));
}

Result<void> Sealer::seal(Record& record, std::string_view header, std::string_view body) const {
  if (record.deleted && !body.empty()) std::abort();
  Identity identity(store_id_, place_of(record));
  const DataKey key;
  auto wrapped = keys_->wrap(identity.of(Part::kKey), key.view());
  if (!wrapped) return pass(wrapped);
  record.key_id = keys_->primary_id();
  record.wrapped = std::move(*wrapped);
  record.header = crypto::seal(key.view(), identity.of(Part::kHeader), header);
  record.body =
      record.deleted ? std::string() : crypto::seal(key.view(), identity.of(Part::kBody), body);
  return {};
}

Result<Rewrap> Sealer::rewrap(WrappedKey before) const {
  const Place place{before.kind, before.id, before.version, before.revision, before.deleted};
  if (before.kind.size() > kIdBytes || before.id.size() > kIdBytes) {
    return base::fail(Code::kCorrupt,
                      "there is a record with a kind or id that sutler never makes");
  }
  Identity identity(store_id_, place);
  struct Buffer {
    char bytes[crypto::kAeadKeyBytes];
    ~Buffer() { base::wipe(bytes, sizeof bytes); }
  } key;
  const std::string_view associated = identity.of(Part::kKey);
  auto opened = keys_->unwrap_into(before.key_id, associated, before.wrapped, key.bytes);
  if (!opened) return pass(opened, describe(place));
  auto wrapped = keys_->wrap(associated, {key.bytes, sizeof key.bytes});
  if (!wrapped) return pass(wrapped);
  return Rewrap{std::move(before), keys_->primary_id(), std::move(*wrapped)};
}

Result<void> RecordOpener::unwrap(std::string_view key_id, std::string_view wrapped) {
  auto unwrapped = sealer_.keys().unwrap_into(key_id, identity_.of(Part::kKey), wrapped, key_);
  if (!unwrapped) return pass(unwrapped, describe(place_));
  return {};
}

bool RecordOpener::open_into(Part part, std::string_view sealed, char* out) {
  return sealed.size() >= crypto::kAeadOverheadBytes &&
         crypto::open_into({key_, sizeof key_}, identity_.of(part), sealed, out);
}

std::optional<base::Secret> RecordOpener::open(Part part, std::string_view sealed) {
  return crypto::open({key_, sizeof key_}, identity_.of(part), sealed);
}

}  // namespace sutler::store
