// A workload, and a list of keys, as sealed rows of telemetry (docs/formats/store.md): opaque keys,
// values that say nothing but their length.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/aead.h"
#include "crypto/hmac.h"
#include "registry/record.h"

namespace sutler::registry {

inline constexpr std::string_view kWorkloadRows = "registry/w/";
inline constexpr std::string_view kKeyListRows = "registry/k/";
inline constexpr std::string_view kForgottenRow = "registry/forgotten";

// Not thread-safe.
class RowCodec {
 public:
  // `seed` is a secret of the store that never changes.
  explicit RowCodec(const base::Secret& seed);

  // The key for Registry's digests.
  [[nodiscard]] std::string_view digest_key() const { return digest_key_.expose(); }

  [[nodiscard]] std::string key_of(const model::Workload& workload) const;
  [[nodiscard]] static std::string key_of(const GroupKeys& list);

  [[nodiscard]] base::Result<std::string> seal(const std::string& row, const Record& record);
  [[nodiscard]] base::Result<std::string> seal(const std::string& row, const GroupKeys& list);

  [[nodiscard]] base::Result<std::string> seal(const Forgotten& forgotten);

  // Nothing for a row that is not ours, was moved, or was cut.
  [[nodiscard]] std::optional<GroupKeys> open_list(const std::string& row, std::string_view value);
  [[nodiscard]] std::optional<Forgotten> open_forgotten(std::string_view value);
  // `lists` finds a list by its digest; a version whose list is not there is left out.
  using FindList = std::function<GroupKeysPointer(std::string_view digest)>;
  [[nodiscard]] std::optional<Record> open_record(const std::string& row, std::string_view value,
                                                  const FindList& lists);

 private:
  // A value is a salt and what is sealed under the key that follows from it. Each run of a server
  // has a salt of its own, so that no key ever seals too often.
  [[nodiscard]] base::Result<std::string> seal_text(const std::string& row, std::string_view text);
  [[nodiscard]] std::optional<base::Secret> open_text(const std::string& row,
                                                      std::string_view value);
  [[nodiscard]] std::shared_ptr<const crypto::AeadKey> key_for(std::string_view salt);
  void new_salt();

  base::LockedBytes root_;
  base::LockedBytes digest_key_;
  crypto::HmacKey names_;
  std::string salt_;
  std::map<std::string, std::shared_ptr<const crypto::AeadKey>, std::less<>> keys_;  // by salt
};

}  // namespace sutler::registry
