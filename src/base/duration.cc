#include "base/duration.h"

#include <charconv>
#include <cstdint>

namespace sutler::base {
namespace {

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kMillisecondsMax = 3650 * kDay;

std::int64_t milliseconds_of(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60 * 1000;
  if (unit == "h") return 3600 * 1000;
  if (unit == "d") return kDay;
  return 0;
}

}  // namespace

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  if (text == "0") return std::chrono::milliseconds(0);
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::int64_t smaller_than = kMillisecondsMax;
  while (!text.empty()) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const auto unit = text.substr(0, text.find_first_of("0123456789"));
    const std::int64_t factor = milliseconds_of(unit);
    if (factor == 0 || factor >= smaller_than) return std::nullopt;
    smaller_than = factor;
    total += number * factor;
    if (total > kMillisecondsMax) return std::nullopt;
    text.remove_prefix(unit.size());
  }
  return std::chrono::milliseconds(total);
}

}  // namespace sutler::base
