#include "crypto/random.h"

#include <openssl/rand.h>

#include "base/encoding.h"
#include "crypto/openssl_handles.h"

namespace sutler::crypto {

void require(bool ok) noexcept {
  if (!ok) std::abort();
}

void random_fill(std::span<unsigned char> out) {
  require(RAND_bytes(out.data(), static_cast<int>(out.size())) == 1);
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  random_fill({as_bytes(out.data()), out.size()});
  return out;
}

std::string random_hex(std::size_t bytes) { return base::hex_encode(random_bytes(bytes)); }

}  // namespace sutler::crypto
