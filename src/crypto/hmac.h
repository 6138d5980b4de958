// HMAC (RFC 2104) with SHA-256, SHA-384 and SHA-512, prepared once per key.
//
// The key is absorbed when the object is made; a tag then costs the message's own blocks and two
// more, allocates nothing and may be computed from several threads at once. The prepared state
// is as secret as the key and lies in locked memory.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "base/locked_bytes.h"

namespace sutler::crypto {

enum class HashAlgorithm { kSha256, kSha384, kSha512 };

// A tag of 32, 48 or 64 bytes.
struct Tag {
  std::array<unsigned char, 64> bytes{};
  std::size_t size = 0;
  [[nodiscard]] std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), size};
  }
};

class HmacKey {
 public:
  HmacKey(HashAlgorithm algorithm, std::string_view key);

  [[nodiscard]] HashAlgorithm algorithm() const { return algorithm_; }
  [[nodiscard]] Tag sign(std::string_view message) const;
  // True only for the full tag; compared in constant time. A truncated tag is refused.
  [[nodiscard]] bool verify(std::string_view message, std::string_view tag) const;

 private:
  HashAlgorithm algorithm_;
  base::LockedBytes state_;  // inner and outer hash state
};

}  // namespace sutler::crypto
