// Sealing one version of one record: a fresh data key, header and body sealed under it, the data
// key wrapped by the master key. The record's whole identity is associated data of all three, so
// that sealed bytes open in no other place and at no other version than their own.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/master_key.h"
#include "store/backend/backend.h"

namespace sutler::store {

inline constexpr std::size_t kIdBytes = 32;     // of a record's id: hex digits
inline constexpr std::size_t kKeyIdBytes = 16;  // of a master key's id: hex digits

// What a record says of itself in the clear. Views; the record must outlive it.
struct Place {
  std::string_view kind;
  std::string_view id;
  std::uint64_t version = 0;
  std::uint64_t revision = 0;
  bool deleted = false;
};
[[nodiscard]] Place place_of(const Record& record);
// "record group/3f…": for errors.
[[nodiscard]] std::string describe(const Place& place);

enum class Part : unsigned char { kKey = 0, kHeader = 1, kBody = 2 };

// The associated data of the three parts of a record version. Allocates nothing.
class Identity {
 public:
  // Aborts when kind or id are longer than any of ours: the caller has looked.
  Identity(std::string_view store_id, const Place& place);
  [[nodiscard]] std::string_view of(Part part);

 private:
  void add(std::string_view bytes);
  void add(std::uint64_t number);
  char bytes_[192];
  std::size_t size_ = 0;
};

class Sealer {
 public:
  Sealer(std::string store_id, std::shared_ptr<const crypto::MasterKeys> keys)
      : store_id_(std::move(store_id)), keys_(std::move(keys)) {}

  [[nodiscard]] const std::string& store_id() const { return store_id_; }
  [[nodiscard]] const crypto::MasterKeys& keys() const { return *keys_; }

  // Fills key_id, wrapped, header and body of a record whose other members are set. A deleted
  // record has no body: its `body` must be empty. kUnavailable when the master key has sealed too
  // often.
  [[nodiscard]] base::Result<void> seal(Record& record, std::string_view header,
                                        std::string_view body) const;
  // The same data key, wrapped by the first master key. Errors as RecordOpener::unwrap and seal.
  [[nodiscard]] base::Result<Rewrap> rewrap(WrappedKey before) const;

 private:
  std::string store_id_;
  std::shared_ptr<const crypto::MasterKeys> keys_;
};

// The data key of one record version while it is in use; wiped when it dies.
class RecordOpener {
 public:
  RecordOpener(const Sealer& sealer, const Place& place)
      : sealer_(sealer), place_(place), identity_(sealer.store_id(), place) {}
  ~RecordOpener() { base::wipe(key_, sizeof key_); }
  RecordOpener(const RecordOpener&) = delete;
  RecordOpener& operator=(const RecordOpener&) = delete;

  // Must come first. kRefused names a master key that is missing, kCorrupt the record.
  [[nodiscard]] base::Result<void> unwrap(std::string_view key_id, std::string_view wrapped);
  // Into memory of the caller, sealed.size() - kAeadOverheadBytes bytes.
  [[nodiscard]] bool open_into(Part part, std::string_view sealed, char* out);
  [[nodiscard]] std::optional<base::Secret> open(Part part, std::string_view sealed);

 private:
  const Sealer& sealer_;
  Place place_;
  Identity identity_;
  char key_[crypto::kAeadKeyBytes] = {};
};

// kCorrupt: the record is not what was sealed.
[[nodiscard]] base::Unexpected fail_record(const Place& place, std::string_view what);

}  // namespace sutler::store
