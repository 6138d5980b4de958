#include "jwt/refusal.h"

namespace sutler::jwt {

std::string_view reason(Refusal refusal) {
  switch (refusal) {
    case Refusal::kMalformed: return "malformed_token";
    case Refusal::kBadAlgorithm: return "bad_algorithm";
    case Refusal::kBadSignature: return "bad_signature";
    case Refusal::kBadClaims: return "bad_claims";
    case Refusal::kExpired: return "expired";
    case Refusal::kNotYetValid: return "not_yet_valid";
    case Refusal::kExpRequired: return "exp_required";
  }
  return "malformed_token";
}

}  // namespace sutler::jwt
