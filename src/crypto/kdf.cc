#include "crypto/kdf.h"

#include <cstring>

#include "base/wipe.h"
#include "crypto/hmac.h"

namespace sutler::crypto {

// RFC 5869 with an empty salt and one block of output: extract, then expand once.
base::LockedBytes derive_key(std::string_view key, std::string_view info) {
  const std::string salt(32, '\0');
  Tag extracted = HmacKey(HashAlgorithm::kSha256, salt).sign(key);
  Tag expanded = HmacKey(HashAlgorithm::kSha256, extracted.view()).sign(std::string(info) + '\x01');
  base::LockedBytes out(expanded.view());
  base::wipe(extracted.bytes.data(), extracted.bytes.size());
  base::wipe(expanded.bytes.data(), expanded.bytes.size());
  return out;
}

}  // namespace sutler::crypto
