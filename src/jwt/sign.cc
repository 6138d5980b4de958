#include "jwt/sign.h"

#include "base/encoding.h"
#include "base/json.h"

namespace sutler::jwt {
namespace {

std::string_view word_of(crypto::HashAlgorithm algorithm) {
  switch (algorithm) {
    case crypto::HashAlgorithm::kSha256: return "HS256";
    case crypto::HashAlgorithm::kSha384: return "HS384";
    case crypto::HashAlgorithm::kSha512: return "HS512";
  }
  return "HS256";
}

}  // namespace

std::optional<crypto::HashAlgorithm> algorithm_from(std::string_view word) {
  using enum crypto::HashAlgorithm;
  for (const auto algorithm : {kSha256, kSha384, kSha512}) {
    if (word == word_of(algorithm)) return algorithm;
  }
  return std::nullopt;
}

base::Result<std::string> sign(const SigningInput& input) {
  const std::pair<std::string_view, std::string_view> claims[] = {
      {"projectId", input.project_id},
      {"nfObjectId", input.object_id},
      {"nfObjectType", input.object_type}};
  std::string payload = "{";
  for (const auto& [name, value] : claims) {
    if (!model::is_valid_claim(value)) {
      return base::fail(base::Code::kInvalid,
                        std::string(name) + " must be 1 to 256 bytes without control characters");
    }
    payload += '"';
    payload += name;
    payload += "\":";
    base::append_json_string(payload, value);
    payload += ',';
  }
  payload += "\"iat\":" + std::to_string(input.now.seconds());
  if (input.lifetime) {
    payload += ",\"exp\":" + std::to_string(input.now.seconds() + input.lifetime->count());
  }
  payload += '}';

  std::string token;
  base::append_base64url(token, std::string(R"({"alg":")") + std::string(word_of(input.algorithm)) +
                                    R"(","typ":"JWT"})");
  token += '.';
  base::append_base64url(token, payload);
  const crypto::Tag tag = crypto::HmacKey(input.algorithm, input.key).sign(token);
  token += '.';
  base::append_base64url(token, tag.view());
  return token;
}

}  // namespace sutler::jwt
