// Why a token was refused. The caller of the endpoint is never told; the audit is.
#pragma once

#include <string_view>

namespace sutler::jwt {

enum class Refusal {
  kMalformed,     // not three canonical base64url parts with a JSON object as header
  kBadAlgorithm,  // `alg` is none of ours, or no active key is for it; `crit` or `b64: false` is
                  // there
  kBadSignature,
  kBadClaims,    // payload no JSON object, an id missing or unfit, a time that is no finite number
  kExpired,      // now >= exp + leeway
  kNotYetValid,  // now < nbf - leeway
  kExpRequired,  // the team demands `exp`
};

// The code of the audit: "malformed_token", "bad_algorithm", …
[[nodiscard]] std::string_view reason(Refusal refusal);

}  // namespace sutler::jwt
