// Tokens: whatever verifies must be exactly what signing would have made of the same parts.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "base/encoding.h"
#include "crypto/hmac.h"
#include "jwt/verify.h"

using namespace sutler;

namespace {

const crypto::HmacKey& key() {
  static const crypto::HmacKey made(crypto::HashAlgorithm::kSha256, std::string(32, 'k'));
  return made;
}

void check(std::string_view token) {
  const jwt::Key keys[] = {{&key()}};
  const auto claims =
      jwt::verify(token, keys, jwt::Policy{}, base::UnixTime::from_seconds(1'700'000'000));
  if (!claims) return;
  const auto last = token.rfind('.');
  const auto tag = key().sign(token.substr(0, last));
  if (base::base64url_encode(tag.view()) != token.substr(last + 1)) std::abort();
  if (claims->project_id().empty() || claims->object_id().size() > 256) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(text);
  // The same bytes as a payload that is signed well: reaches the claims.
  std::string token = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." + base::base64url_encode(text);
  token += "." + base::base64url_encode(key().sign(token).view());
  check(token);
  // And as a header.
  token = base::base64url_encode(text) + ".e30";
  token += "." + base::base64url_encode(key().sign(token).view());
  check(token);
  return 0;
}
