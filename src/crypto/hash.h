// SHA-256, and comparison in constant time.
#pragma once

#include <array>
#include <string_view>

namespace sutler::crypto {

using Digest = std::array<unsigned char, 32>;

[[nodiscard]] Digest sha256(std::string_view bytes);

// Time depends on the lengths only.
[[nodiscard]] bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace sutler::crypto
