// Text made smaller and larger again, by zlib (RFC 1950). The only file with zlib is its own.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace sutler::audit {

[[nodiscard]] std::string deflated(std::string_view plain);
// Nothing: it is not what deflated() makes, whole and with nothing after it, or it becomes larger
// than `bytes_max`.
[[nodiscard]] std::optional<std::string> inflated(std::string_view packed, std::size_t bytes_max);

}  // namespace sutler::audit
