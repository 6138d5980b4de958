// Lengths of time as people write them.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace sutler::base {

// Whole numbers with a unit (`ms`, `s`, `m`, `h`, `d`), largest first: "250ms", "30s", "1h30m",
// "7d". Zero may stand without a unit. At most 10 years. Nothing for anything else.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace sutler::base
