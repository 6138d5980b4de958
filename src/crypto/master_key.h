// The master keys: where they come from, and wrapping data keys with them.
//
// A master key is 32 bytes. A file or a command gives them as 64 hex digits or as base64 (44
// characters), with one final newline, or as 32 raw bytes. Its id is the first 8 bytes of
// HKDF(key, "sutler master key id"), in hex: it tells keys apart and gives nothing away.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/aead.h"

namespace sutler::crypto {

inline constexpr std::size_t kWrappedKeyBytes = 32 + kAeadOverheadBytes;
// One master key wraps at most this many data keys in its life, half of what random IVs allow (SP
// 800-38D 8.3); from a quarter on people are warned.
inline constexpr std::uint64_t kMasterKeyWrapsMax = std::uint64_t{1} << 31;
inline constexpr std::uint64_t kMasterKeyWrapsWarned = std::uint64_t{1} << 30;

// The list of the configuration; the first wraps, all open. Immutable once loaded, thread-safe.
class MasterKeys {
 public:
  // Each spec is `file:PATH`, `env:NAME`, `credential:NAME` (a file in $CREDENTIALS_DIRECTORY) or
  // `command:ARGV` (words separated by spaces, no shell). Errors name the spec, never the content.
  // An environment variable is removed from the environment once it is read; when the list is read
  // again, such a key is taken from `before`.
  [[nodiscard]] static base::Result<MasterKeys> load(const std::vector<std::string>& specs,
                                                     const MasterKeys* before = nullptr);
  // `wraps_max` is lowered by tests only.
  [[nodiscard]] static base::Result<MasterKeys> from_keys(
      std::vector<base::LockedBytes> keys, std::uint64_t wraps_max = kMasterKeyWrapsMax);

  [[nodiscard]] const std::string& primary_id() const;
  [[nodiscard]] std::vector<std::string> ids() const;
  [[nodiscard]] bool has(std::string_view id) const;

  // A key for another purpose, from the first master key.
  [[nodiscard]] base::LockedBytes derive(std::string_view info) const;

  // How many data keys that master key has wrapped, as far as is known; 0 for another's.
  [[nodiscard]] std::uint64_t wraps(std::string_view id) const;
  // What it wrapped before this process or on other nodes.
  void add_wraps(std::string_view id, std::uint64_t count) const;

  // Seals a 32-byte data key with the first master key. kUnavailable at its limit.
  [[nodiscard]] base::Result<std::string> wrap(std::string_view associated,
                                               std::string_view data_key) const;
  // kRefused, naming the id, when that master key is not in the list; kCorrupt when it does not
  // open.
  [[nodiscard]] base::Result<void> unwrap_into(std::string_view id, std::string_view associated,
                                               std::string_view wrapped, char* data_key) const;

 private:
  struct Entry;
  [[nodiscard]] const Entry* find_spec(const std::string& spec) const;
  std::vector<std::shared_ptr<Entry>> entries_;
};

// Makes a new key file (hex, mode 0400). kConflict when there is one: a key is never overwritten.
[[nodiscard]] base::Result<void> create_master_key_file(const std::filesystem::path& path);

}  // namespace sutler::crypto
