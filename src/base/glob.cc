#include "base/glob.h"

#include <string>

namespace sutler::base {

GlobKind glob_kind(std::string_view pattern) {
  const auto wild = pattern.find_first_of("*?");
  if (wild == std::string_view::npos) return GlobKind::kExact;
  if (pattern[wild] == '*' && wild + 1 == pattern.size()) return GlobKind::kPrefix;
  return GlobKind::kFree;
}

namespace {

// A run of wildcards as one form: the `?` first, then at most one `*`.
std::string in_normal_form(std::string_view pattern) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] != '*' && pattern[i] != '?') {
      out += pattern[i++];
      continue;
    }
    bool any = false;
    for (; i < pattern.size() && (pattern[i] == '*' || pattern[i] == '?'); ++i) {
      if (pattern[i] == '?') out += '?';
      any = any || pattern[i] == '*';
    }
    if (any) out += '*';
  }
  return out;
}

bool is_name_byte(char wanted, char have) { return wanted == '?' || wanted == have; }
// `have` is of a pattern itself: its `*` is a run of any length, which `?` does not cover.
bool is_pattern_byte(char wanted, char have) {
  return wanted == '?' ? have != '*' : wanted == have;
}

template <class Fits>
bool matches(std::string_view pattern, std::string_view name, const Fits& fits) {
  std::size_t p = 0, n = 0;
  // Where to go on when what follows the last `*` does not fit: one byte further in the name.
  std::size_t star = std::string_view::npos, retry = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = n;
    } else if (p < pattern.size() && fits(pattern[p], name[n])) {
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

}  // namespace

bool glob_matches(std::string_view pattern, std::string_view name) {
  return matches(pattern, name, is_name_byte);
}

bool glob_contains(std::string_view outer, std::string_view inner) {
  return matches(in_normal_form(outer), in_normal_form(inner), is_pattern_byte);
}

}  // namespace sutler::base
