// AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV and a 128-bit tag. Other sizes cannot be
// asked for. Sealed form: 12 bytes IV, ciphertext, 16 bytes tag.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/locked_bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sutler::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadOverheadBytes = 12 + 16;
// One key seals at most this often; random IVs stay safe far below 2^32 (SP 800-38D 8.3).
inline constexpr std::uint64_t kAeadSealsPerKeyMax = std::uint64_t{1} << 28;

// A short-lived key schedule on this thread: made, used and forgotten. `key` is 32 bytes.
// Sealing appends to nothing: it gives the whole sealed form.
[[nodiscard]] std::string seal(std::string_view key, std::string_view associated,
                               std::string_view plaintext);
// Nothing when the sealed bytes, the associated data or the key are not what they were.
[[nodiscard]] std::optional<base::Secret> open(std::string_view key, std::string_view associated,
                                               std::string_view sealed);
// The same into memory of the caller, `sealed.size() - kAeadOverheadBytes` bytes; false on refusal,
// and then the output is wiped. Allocates nothing.
[[nodiscard]] bool open_into(std::string_view key, std::string_view associated,
                             std::string_view sealed, char* out);

// A long-lived key, in locked memory, that counts what it seals: for master keys and the cache key.
// Thread-safe.
class AeadKey {
 public:
  // `key` is 32 bytes. `seals_max` is lowered by tests only.
  explicit AeadKey(base::LockedBytes key, std::uint64_t seals_max = kAeadSealsPerKeyMax);

  // kUnavailable when this key has sealed kAeadSealsPerKeyMax times.
  [[nodiscard]] base::Result<std::string> seal(std::string_view associated,
                                               std::string_view plaintext) const;
  [[nodiscard]] std::optional<base::Secret> open(std::string_view associated,
                                                 std::string_view sealed) const;
  [[nodiscard]] bool open_into(std::string_view associated, std::string_view sealed,
                               char* out) const;
  [[nodiscard]] const base::LockedBytes& key() const { return key_; }
  // How often it has sealed, and what it sealed before this process.
  [[nodiscard]] std::uint64_t seals() const { return seals_.load(std::memory_order_relaxed); }
  void add_seals(std::uint64_t count) const { seals_.fetch_add(count, std::memory_order_relaxed); }

 private:
  base::LockedBytes key_;
  std::uint64_t seals_max_;
  mutable std::atomic<std::uint64_t> seals_{0};
};

}  // namespace sutler::crypto
