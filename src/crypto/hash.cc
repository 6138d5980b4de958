// The one-shot and prepared hashes here use OpenSSL's plain SHA functions: a fetch hashes several
// times, and the EVP layer of OpenSSL 3.0 costs more than the hashing itself (docs/adr/0004).
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/hash.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstring>

#include "crypto/openssl_handles.h"

namespace sutler::crypto {

Digest sha256(std::string_view bytes) {
  // Not SHA256(): in OpenSSL 3 that looks the algorithm up by name each time.
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  Digest digest;
  SHA256_Final(digest.data(), &context);
  OPENSSL_cleanse(&context, sizeof context);
  return digest;
}

Sha256Stream::Sha256Stream() {
  static_assert(sizeof(SHA256_CTX) <= sizeof state_);
  SHA256_CTX context;
  SHA256_Init(&context);
  std::memcpy(state_, &context, sizeof context);
}

void Sha256Stream::add(std::string_view bytes) {
  SHA256_CTX context;
  std::memcpy(&context, state_, sizeof context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  std::memcpy(state_, &context, sizeof context);
}

Digest Sha256Stream::digest() const {
  SHA256_CTX context;
  std::memcpy(&context, state_, sizeof context);
  Digest digest;
  SHA256_Final(digest.data(), &context);
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace sutler::crypto
