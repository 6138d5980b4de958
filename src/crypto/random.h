// Random bytes from the operating system's generator, by OpenSSL. Aborts when there are none:
// nothing here may ever go on with a guessable key.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace sutler::crypto {

void random_fill(std::span<unsigned char> out);
[[nodiscard]] std::string random_bytes(std::size_t count);
// `bytes` random bytes as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace sutler::crypto
