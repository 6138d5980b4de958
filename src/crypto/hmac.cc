#define OPENSSL_SUPPRESS_DEPRECATED  // see hash.cc
#include "crypto/hmac.h"

#include <openssl/sha.h>

#include <cstring>

#include "base/wipe.h"
#include "crypto/hash.h"
#include "crypto/openssl_handles.h"

namespace sutler::crypto {
namespace {

// One hash function of the SHA-2 family, as HMAC needs it.
template <class Context, int (*Init)(Context*), int (*Update)(Context*, const void*, std::size_t),
          int (*Final)(unsigned char*, Context*), std::size_t BlockBytes, std::size_t TagBytes>
struct Sha {
  static constexpr std::size_t kStateBytes = 2 * sizeof(Context);

  static void prepare(std::string_view key, unsigned char* state) {
    unsigned char block[BlockBytes] = {};
    if (key.size() > BlockBytes) {
      Context context;
      Init(&context);
      Update(&context, key.data(), key.size());
      Final(block, &context);
      base::wipe(&context, sizeof context);
    } else if (!key.empty()) {
      std::memcpy(block, key.data(), key.size());
    }
    absorb(block, 0x36, state);
    absorb(block, 0x5c, state + sizeof(Context));
    base::wipe(block, sizeof block);
  }

  static Tag sign(const unsigned char* state, std::string_view message) {
    Context context;
    Tag tag;
    tag.size = TagBytes;
    std::memcpy(&context, state, sizeof context);
    Update(&context, message.data(), message.size());
    Final(tag.bytes.data(), &context);
    std::memcpy(&context, state + sizeof context, sizeof context);
    Update(&context, tag.bytes.data(), TagBytes);
    Final(tag.bytes.data(), &context);
    base::wipe(&context, sizeof context);
    return tag;
  }

 private:
  static void absorb(const unsigned char* block, unsigned char pad, unsigned char* out) {
    unsigned char padded[BlockBytes];
    for (std::size_t i = 0; i < BlockBytes; ++i) padded[i] = block[i] ^ pad;
    Context context;
    Init(&context);
    Update(&context, padded, BlockBytes);
    std::memcpy(out, &context, sizeof context);
    base::wipe(padded, sizeof padded);
    base::wipe(&context, sizeof context);
  }
};

using Sha256 = Sha<SHA256_CTX, SHA256_Init, SHA256_Update, SHA256_Final, 64, 32>;
using Sha384 = Sha<SHA512_CTX, SHA384_Init, SHA384_Update, SHA384_Final, 128, 48>;
using Sha512 = Sha<SHA512_CTX, SHA512_Init, SHA512_Update, SHA512_Final, 128, 64>;

}  // namespace

HmacKey::HmacKey(HashAlgorithm algorithm, std::string_view key)
    : algorithm_(algorithm),
      state_(algorithm == HashAlgorithm::kSha256 ? Sha256::kStateBytes : Sha512::kStateBytes) {
  unsigned char* state = state_.bytes().data();
  switch (algorithm) {
    case HashAlgorithm::kSha256: Sha256::prepare(key, state); break;
    case HashAlgorithm::kSha384: Sha384::prepare(key, state); break;
    case HashAlgorithm::kSha512: Sha512::prepare(key, state); break;
  }
}

Tag HmacKey::sign(std::string_view message) const {
  const unsigned char* state = state_.bytes().data();
  switch (algorithm_) {
    case HashAlgorithm::kSha256: return Sha256::sign(state, message);
    case HashAlgorithm::kSha384: return Sha384::sign(state, message);
    case HashAlgorithm::kSha512: return Sha512::sign(state, message);
  }
  std::abort();
}

bool HmacKey::verify(std::string_view message, std::string_view tag) const {
  return equal_in_constant_time(sign(message).view(), tag);
}

}  // namespace sutler::crypto
