#include "crypto/signature.h"

#include "crypto/openssl_handles.h"
#include "crypto/random.h"

namespace sutler::crypto {
namespace {

constexpr std::size_t kSeedBytes = 32, kPublicBytes = 32, kSignatureBytes = 64;

PrivateKey private_key(std::string_view seed) {
  PrivateKey key(
      EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, as_bytes(seed.data()), seed.size()));
  require(key != nullptr);
  return key;
}

}  // namespace

SigningKey::SigningKey(base::LockedBytes seed, std::string public_key)
    : seed_(std::move(seed)), public_key_(std::move(public_key)) {}

SigningKey SigningKey::generate() {
  base::LockedBytes seed(kSeedBytes);
  random_fill(seed.bytes());
  return std::move(*from_seed(seed.expose()));
}

base::Result<SigningKey> SigningKey::from_seed(std::string_view seed) {
  if (seed.size() != kSeedBytes) {
    return base::fail(base::Code::kCorrupt, "an Ed25519 seed must be 32 bytes");
  }
  std::string public_key(kPublicBytes, '\0');
  std::size_t bytes = public_key.size();
  require(EVP_PKEY_get_raw_public_key(private_key(seed).get(), as_bytes(public_key.data()),
                                      &bytes) == 1);
  return SigningKey(base::LockedBytes(seed), std::move(public_key));
}

std::string SigningKey::sign(std::string_view message) const {
  const PrivateKey key = private_key(seed_.expose());
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  std::size_t bytes = signature.size();
  require(EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1);
  require(EVP_DigestSign(context.get(), as_bytes(signature.data()), &bytes,
                         as_bytes(message.data()), message.size()) == 1);
  return signature;
}

bool verify_signature(std::string_view public_key, std::string_view message,
                      std::string_view signature) {
  if (public_key.size() != kPublicBytes || signature.size() != kSignatureBytes) return false;
  const PrivateKey key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr,
                                                   as_bytes(public_key.data()), public_key.size()));
  const DigestContext context(EVP_MD_CTX_new());
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), as_bytes(signature.data()), signature.size(),
                          as_bytes(message.data()), message.size()) == 1;
}

}  // namespace sutler::crypto
