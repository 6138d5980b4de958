#include "cli/duration.h"

#include "base/duration.h"
#include "cli/output.h"

namespace sutler::cli {

base::Result<std::chrono::seconds> parse_duration(std::string_view text, std::string_view flag) {
  const auto parsed = base::parse_duration(text);
  if (!parsed || *parsed % std::chrono::seconds(1) != std::chrono::milliseconds(0)) {
    return usage_error(std::string(flag) + " " + printable(text) + " is no length of time",
                       "write a number with its unit, like 30s, 15m, 24h or 7d");
  }
  return std::chrono::duration_cast<std::chrono::seconds>(*parsed);
}

}  // namespace sutler::cli
