// Shell-like patterns over whole names: `*` is any run of bytes, `?` any one byte; everything else
// is itself. There is no escape: the names that patterns are matched against (ids, group names)
// hold neither character.
#pragma once

#include <string_view>

namespace sutler::base {

enum class GlobKind {
  kExact,   // neither `*` nor `?`
  kPrefix,  // exactly one `*`, at the end; "*" alone is the empty prefix
  kFree,    // anything else; has to be tried one by one
};

[[nodiscard]] GlobKind glob_kind(std::string_view pattern);

// True when the whole name matches. O(pattern x name) at worst, no recursion.
[[nodiscard]] bool glob_matches(std::string_view pattern, std::string_view name);

// True when every name that `inner` matches is matched by `outer`. Never true by mistake: where the
// patterns are so odd that it cannot tell, it says false.
[[nodiscard]] bool glob_contains(std::string_view outer, std::string_view inner);

}  // namespace sutler::base
