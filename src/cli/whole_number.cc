#include "cli/whole_number.h"

#include <charconv>
#include <utility>

#include "cli/output.h"

namespace sutler::cli {

base::Result<std::uint64_t> read_whole_number(std::string_view text, const std::string& what,
                                              Range range, std::string hint) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool is_number = error == std::errc() && stop == end;
  if (is_number && number >= range.least && number <= range.most) return number;
  std::string wanted = what + " takes a whole number";
  if (range.most != Range{}.most) {
    wanted += " from " + std::to_string(range.least) + " to " + std::to_string(range.most);
  } else if (range.least > 0) {
    wanted += ", " + std::to_string(range.least) + " or more";
  }
  return usage_error(std::move(wanted), std::move(hint));
}

}  // namespace sutler::cli
