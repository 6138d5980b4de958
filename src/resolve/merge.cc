#include "resolve/merge.h"

#include <algorithm>

namespace sutler::resolve {
namespace {

// All entries of one kind of all groups, sorted by key and, under one key, in merge order: the
// first of each run is the winner. The entries of each group are sorted already.
template <class Entry>
std::vector<Winner<Entry>> merge_kind(const std::vector<OpenGroup>& groups,
                                      const std::vector<Entry>& (store::OpenEntries::*entries)()
                                          const,
                                      Overridden overridden) {
  std::vector<Winner<Entry>> all;
  std::size_t count = 0;
  for (const OpenGroup& open : groups) count += ((*open.entries).*entries)().size();
  all.reserve(count);
  const auto by_key = [](const auto& a, const auto& b) { return a.key < b.key; };
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto sorted = static_cast<std::ptrdiff_t>(all.size());
    for (const Entry& entry : ((*groups[i].entries).*entries)()) {
      all.push_back({entry.key, &entry, i, {}});
    }
    std::inplace_merge(all.begin(), all.begin() + sorted, all.end(), by_key);
  }
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (kept > 0 && all[kept - 1].key == all[i].key) {
      if (overridden == Overridden::kKeep) all[kept - 1].overridden.push_back(all[i].group);
      continue;
    }
    if (kept != i) all[kept] = std::move(all[i]);
    ++kept;
  }
  all.resize(kept);
  return all;
}

}  // namespace

Merged merge(const std::vector<OpenGroup>& groups, Overridden overridden) {
  return {merge_kind(groups, &store::OpenEntries::variables, overridden),
          merge_kind(groups, &store::OpenEntries::files, overridden)};
}

}  // namespace sutler::resolve
