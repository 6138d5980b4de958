// SHA-256, and comparison in constant time.
#pragma once

#include <array>
#include <string_view>

namespace sutler::crypto {

using Digest = std::array<unsigned char, 32>;

[[nodiscard]] Digest sha256(std::string_view bytes);

// The same of bytes that come in pieces. Not for secrets.
class Sha256Stream {
 public:
  Sha256Stream();
  void add(std::string_view bytes);
  // Of all that was added so far; more may follow.
  [[nodiscard]] Digest digest() const;

 private:
  alignas(8) unsigned char state_[128];
};

// Time depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sutler::crypto
