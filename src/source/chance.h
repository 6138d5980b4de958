// A number by chance, for jitter: the rules take it as an argument.
#pragma once

#include <cstdint>

#include "crypto/random.h"

namespace sutler::source {

// In [0, 1).
[[nodiscard]] inline double chance() {
  unsigned char bytes[4];
  crypto::random_fill(bytes);
  std::uint32_t number = 0;
  for (const unsigned char byte : bytes) number = number << 8 | byte;
  return number / 4294967296.0;
}

}  // namespace sutler::source
