#include "base/glob.h"

namespace sutler::base {

GlobKind glob_kind(std::string_view pattern) {
  const auto wild = pattern.find_first_of("*?");
  if (wild == std::string_view::npos) return GlobKind::kExact;
  if (pattern[wild] == '*' && wild + 1 == pattern.size()) return GlobKind::kPrefix;
  return GlobKind::kFree;
}

bool glob_matches(std::string_view pattern, std::string_view name) {
  std::size_t p = 0, n = 0;
  // Where to go on when what follows the last `*` does not fit: one byte further in the name.
  std::size_t star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace sutler::base
