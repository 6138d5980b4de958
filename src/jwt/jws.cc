#include "jwt/jws.h"

#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"

namespace sutler::jwt {
namespace {

using crypto::HashAlgorithm;
using Algorithm = std::expected<HashAlgorithm, Refusal>;

// What nearly every token starts with: {"alg":"HS256","typ":"JWT"}.
constexpr std::string_view kUsualHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

Algorithm algorithm_named(std::string_view word) {
  if (word == "HS256") return HashAlgorithm::kSha256;
  if (word == "HS384") return HashAlgorithm::kSha384;
  if (word == "HS512") return HashAlgorithm::kSha512;
  return std::unexpected(Refusal::kBadAlgorithm);
}

Algorithm read_header(std::string_view encoded) {
  if (encoded == kUsualHeader) return HashAlgorithm::kSha256;
  const auto text = base::base64url_decode(encoded);
  if (!text) return std::unexpected(Refusal::kMalformed);
  const auto tree = base::parse_json(*text);
  if (!tree || !tree->is_object()) return std::unexpected(Refusal::kMalformed);
  const auto& header = tree->get_object();
  if (header.contains("crit")) return std::unexpected(Refusal::kBadAlgorithm);
  if (const auto* b64 = header.if_contains("b64"); b64 != nullptr && *b64 != true) {
    return std::unexpected(Refusal::kBadAlgorithm);
  }
  const auto* alg = header.if_contains("alg");
  if (alg == nullptr || !alg->is_string()) return std::unexpected(Refusal::kBadAlgorithm);
  return algorithm_named({alg->get_string().data(), alg->get_string().size()});
}

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  if (token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1),
               token.substr(second + 1), token.substr(0, second)};
}

}  // namespace

std::expected<VerifiedPayload, Refusal> verify_jws(std::string_view token,
                                                   std::span<const Key> keys, base::UnixTime now) {
  if (token.size() > base::limits::kTokenBytesMax) return std::unexpected(Refusal::kMalformed);
  const auto parts = split(token);
  if (!parts) return std::unexpected(Refusal::kMalformed);
  const auto algorithm = read_header(parts->header);
  if (!algorithm) return std::unexpected(algorithm.error());

  char tag[base::base64url_decoded_bytes_max(96)];
  if (parts->signature.size() > 96) return std::unexpected(Refusal::kBadSignature);
  const auto tag_bytes = base::base64url_decode_into(parts->signature, tag);
  if (!tag_bytes) return std::unexpected(Refusal::kMalformed);

  Refusal refusal = Refusal::kBadAlgorithm;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].hmac->algorithm() != *algorithm) continue;
    if (keys[i].retire_at && now >= *keys[i].retire_at) continue;
    refusal = Refusal::kBadSignature;
    if (!keys[i].hmac->verify(parts->signed_text, {tag, *tag_bytes})) continue;
    auto payload = base::base64url_decode(parts->payload);
    if (!payload) return std::unexpected(Refusal::kMalformed);
    VerifiedPayload verified;
    verified.payload_ = std::move(*payload);
    verified.key_ = i;
    return verified;
  }
  return std::unexpected(refusal);
}

}  // namespace sutler::jwt
