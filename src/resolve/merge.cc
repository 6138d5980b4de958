#include "resolve/merge.h"

#include <algorithm>
#include <tuple>

namespace sutler::resolve {
namespace {

// All entries of one kind of all groups, sorted by key and, under one key, in merge order: the
// first of each run is the winner.
template <class Entry, class Map>
std::vector<Winner<Entry>> merge_kind(const std::vector<OpenGroup>& groups, Map model::Group::* map,
                                      Overridden overridden) {
  std::vector<Winner<Entry>> all;
  std::size_t count = 0;
  for (const OpenGroup& open : groups) count += (open.group.*map).size();
  all.reserve(count);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    for (const auto& [key, entry] : groups[i].group.*map) all.push_back({key, &entry, i, {}});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return std::tie(a.key, a.group) < std::tie(b.key, b.group);
  });
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
  return {merge_kind<model::Variable>(groups, &model::Group::variables, overridden),
          merge_kind<model::File>(groups, &model::Group::files, overridden)};
}

}  // namespace sutler::resolve
