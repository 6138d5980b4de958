// `LOCATOR` or `LOCATOR#KEY`.
#pragma once

#include <string_view>

namespace sutler::source {

struct Cut {
  std::string_view locator;
  std::string_view key;  // empty: none
};

// Cut at the last `#`. A `#` at the very end names no key and is an error of the reference, which
// Sources::validate() tells.
[[nodiscard]] inline Cut cut_reference(std::string_view ref) {
  const auto at = ref.rfind('#');
  if (at == std::string_view::npos) return {ref, {}};
  return {ref.substr(0, at), ref.substr(at + 1)};
}

}  // namespace sutler::source
