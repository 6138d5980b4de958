#include "resolve/overlap.h"

#include <algorithm>
#include <vector>

#include "base/glob.h"

namespace sutler::resolve {
namespace {

bool is_exact(std::string_view pattern) {
  return base::glob_kind(pattern) == base::GlobKind::kExact;
}

bool same_byte(char a, char b) { return a == '?' || b == '?' || a == b; }

// One row of the table of overlap[i][j]: can the rest of `a` from i and the rest of `b` from j
// match one name?
bool both_are_globs(std::string_view a, std::string_view b) {
  std::vector<char> below(b.size() + 1, 0);
  std::vector<char> row(b.size() + 1, 0);
  for (std::size_t i = a.size() + 1; i-- > 0;) {
    for (std::size_t j = b.size() + 1; j-- > 0;) {
      const bool star_a = i < a.size() && a[i] == '*';
      const bool star_b = j < b.size() && b[j] == '*';
      bool can = i == a.size() && j == b.size();
      if (star_a) can = can || below[j] != 0 || (j < b.size() && row[j + 1] != 0);
      if (star_b) can = can || row[j + 1] != 0 || (i < a.size() && below[j] != 0);
      if (!star_a && !star_b && i < a.size() && j < b.size()) {
        can = same_byte(a[i], b[j]) && below[j + 1] != 0;
      }
      row[j] = can ? 1 : 0;
    }
    std::swap(row, below);
  }
  return below[0] != 0;
}

template <class List, class Overlap>
bool any_pair(const List& a, const List& b, std::size_t& budget, const Overlap& overlap) {
  for (const auto& x : a) {
    for (const auto& y : b) {
      if (budget == 0) return false;
      --budget;
      if (overlap(x, y)) return true;
    }
  }
  return false;
}

bool objects_overlap(const model::ObjectPattern& a, const model::ObjectPattern& b) {
  const bool types = a.type.empty() || b.type.empty() || model::same_type(a.type, b.type);
  return types && globs_overlap(a.id, b.id);
}

}  // namespace

bool globs_overlap(std::string_view a, std::string_view b) {
  if (is_exact(a)) return base::glob_matches(b, a);
  if (is_exact(b)) return base::glob_matches(a, b);
  return both_are_globs(a, b);
}

bool restrictions_overlap(const model::Restrictions& a, const model::Restrictions& b,
                          std::size_t& budget) {
  if (a.projects && b.projects && !any_pair(*a.projects, *b.projects, budget, globs_overlap)) {
    return false;
  }
  return !a.nf_objects || !b.nf_objects ||
         any_pair(*a.nf_objects, *b.nf_objects, budget, objects_overlap);
}

}  // namespace sutler::resolve
