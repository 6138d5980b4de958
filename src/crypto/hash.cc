// The one-shot and prepared hashes here use OpenSSL's plain SHA functions: a fetch hashes several
// times, and the EVP layer of OpenSSL 3.0 costs more than the hashing itself (docs/adr/0004).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "crypto/openssl_handles.h"

namespace sutler::crypto {

Digest sha256(std::string_view bytes) {
  Digest digest;
  SHA256(as_bytes(bytes.data()), bytes.size(), digest.data());
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sutler::crypto
