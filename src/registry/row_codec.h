// A workload, and a list of keys, as sealed rows of telemetry (docs/formats/store.md): opaque keys,
// values that say nothing but their length.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "registry/record_codec.h"

namespace sutler::registry {

// Where the rows of a node are. Without an id: of a node that has the store for itself.
[[nodiscard]] std::string rows_of(std::string_view node);
[[nodiscard]] std::string workload_rows(std::string_view node);
[[nodiscard]] std::string key_list_rows(std::string_view node);
[[nodiscard]] std::string forgotten_row(std::string_view node);
inline constexpr std::string_view kMarkRows = "registry/m/";
[[nodiscard]] std::string mark_row(std::string_view node);
inline constexpr std::uint64_t kJournalSlots = 128;
[[nodiscard]] std::string journal_row(std::string_view node, std::uint64_t seq);

// Not thread-safe.
class RowCodec {
 public:
  // `seed` is a secret of the store that never changes.
  explicit RowCodec(const base::Secret& seed);

  // The key for Registry's digests.
  [[nodiscard]] std::string_view digest_key() const { return digest_key_.expose(); }

  [[nodiscard]] std::string key_of(const model::Workload& workload, std::string_view node) const;
  [[nodiscard]] static std::string key_of(const GroupKeys& list, std::string_view node);

  [[nodiscard]] base::Result<std::string> seal(const std::string& row, const Record& record);
  [[nodiscard]] base::Result<std::string> seal(const std::string& row, const GroupKeys& list);

  [[nodiscard]] base::Result<std::string> seal(const std::string& row, const Forgotten& forgotten);

  // Nothing for a row that is not ours, was moved, or was cut.
  [[nodiscard]] std::optional<GroupKeys> open_list(const std::string& row, std::string_view value);
  [[nodiscard]] std::optional<Forgotten> open_forgotten(const std::string& row,
                                                        std::string_view value);
  [[nodiscard]] std::optional<Record> open_record(const std::string& row, std::string_view value,
                                                  std::string_view node, const FindList& lists);

  // A value is a salt and what is sealed under the key that follows from it. Each run of a server
  // has a salt of its own, so that no key ever seals too often. The row is the associated data, and
  // with it the node that it is of.
  [[nodiscard]] base::Result<std::string> seal_text(const std::string& row, std::string_view text);
  [[nodiscard]] std::optional<base::Secret> open_text(const std::string& row,
                                                      std::string_view value);

 private:
  [[nodiscard]] std::shared_ptr<const crypto::AeadKey> key_for(std::string_view salt);
  void new_salt();

  base::LockedBytes root_;
  base::LockedBytes digest_key_;
  crypto::HmacKey names_;
  std::string salt_;
  std::map<std::string, std::shared_ptr<const crypto::AeadKey>, std::less<>> keys_;  // by salt
};

}  // namespace sutler::registry
