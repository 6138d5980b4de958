// Whole numbers of the command line.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::cli {

struct Range {
  std::uint64_t least = 0;
  std::uint64_t most = std::numeric_limits<std::int64_t>::max();  // that JSON numbers are read into
};

// The number that stands there in digits, nothing before or after. A wrong use (exit status 2) that
// names `what`, a flag or an argument, where it is none or out of range.
[[nodiscard]] base::Result<std::uint64_t> read_whole_number(std::string_view text,
                                                            const std::string& what, Range range,
                                                            std::string hint = {});

}  // namespace sutler::cli
