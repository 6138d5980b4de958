// The bearer token of an Authorization field (RFC 6750 section 2.1).
#pragma once

#include <optional>
#include <string_view>

namespace sutler::provider {

// `Bearer` in any case, one or more spaces, the token to the end; nothing for another scheme or no
// token.
[[nodiscard]] std::optional<std::string_view> bearer_token(std::string_view authorization);

}  // namespace sutler::provider
