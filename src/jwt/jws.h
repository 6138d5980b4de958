// Compact JWS (RFC 7515) with HMAC, verified strictly.
//
// A token is `header.payload.signature`, each canonical base64url without padding. Only `alg` and
// `crit` of the header are looked at (and `b64`, RFC 7797); `kid`, `jku`, `jwk`, `x5u` and the like
// are never followed. The payload cannot be had without its signature having been checked.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "crypto/hmac.h"
#include "jwt/refusal.h"

namespace sutler::jwt {

// A key that may verify, until `retire_at`.
struct Key {
  const crypto::HmacKey* hmac = nullptr;
  std::optional<base::UnixTime> retire_at = {};
};

// The proof that one of the keys signed `payload`.
class VerifiedPayload {
 public:
  [[nodiscard]] const std::string& payload() const { return payload_; }
  [[nodiscard]] std::size_t key() const { return key_; }  // position in the list

 private:
  friend std::expected<VerifiedPayload, Refusal> verify_jws(std::string_view, std::span<const Key>,
                                                            base::UnixTime);
  VerifiedPayload() = default;
  std::string payload_;
  std::size_t key_ = 0;
};

// Tries the keys whose algorithm the header names, in order. O(token) for each; a token over
// kTokenBytesMax is refused unread.
[[nodiscard]] std::expected<VerifiedPayload, Refusal> verify_jws(std::string_view token,
                                                                 std::span<const Key> keys,
                                                                 base::UnixTime now);

}  // namespace sutler::jwt
