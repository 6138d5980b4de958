// Lengths of time as people write them: `30s`, `90m`, `24h`, `7d`, `1h30m`.
#pragma once

#include <chrono>
#include <string_view>

#include "base/result.h"

namespace sutler::cli {

// `flag` ("--ttl") names it in the error, a usage error. A number needs its unit; nothing is
// negative.
[[nodiscard]] base::Result<std::chrono::seconds> parse_duration(std::string_view text,
                                                                std::string_view flag);

}  // namespace sutler::cli
