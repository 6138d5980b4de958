#include "provider/bearer.h"

#include "http/message.h"

namespace sutler::provider {

std::optional<std::string_view> bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (!http::equal_fold(authorization.substr(0, kScheme.size()), kScheme)) return std::nullopt;
  auto token = authorization.substr(kScheme.size());
  while (token.starts_with(' ')) token.remove_prefix(1);
  if (token.empty()) return std::nullopt;
  return token;
}

}  // namespace sutler::provider
