// Makes the tokens that Northflank makes, for tests and for `sutler fetch`.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/hmac.h"
#include "model/workload.h"

namespace sutler::jwt {

struct SigningInput {
  std::string_view key;
  crypto::HashAlgorithm algorithm = crypto::HashAlgorithm::kSha256;
  std::string_view project_id, object_id, object_type;
  base::UnixTime now;
  // `exp` is `iat` plus this; nothing: no `exp`.
  std::optional<std::chrono::seconds> lifetime = std::chrono::hours(24);
};

// Members in Northflank's order: projectId, nfObjectId, nfObjectType, iat, exp. kInvalid when a
// claim is empty, too long or holds a control character.
[[nodiscard]] base::Result<std::string> sign(const SigningInput& input);

// "HS256" and so on, nothing for another word.
[[nodiscard]] std::optional<crypto::HashAlgorithm> algorithm_from(std::string_view word);

}  // namespace sutler::jwt
