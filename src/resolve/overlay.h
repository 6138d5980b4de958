// A change that is not saved, laid over a view: how matching and values would be after it.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "resolve/catalog.h"
#include "source/sources.h"
#include "store/store.h"

namespace sutler::resolve {

// Opens groups and keeps some of them open, for what reads the same groups again and again. Those
// that are not saved are given to it. Not thread-safe.
class OpenedGroups {
 public:
  using Opened = std::shared_ptr<const store::OpenEntries>;
  explicit OpenedGroups(std::size_t held_max = 4096) : held_max_(held_max) {}

  void give(const MatchIndex::Pointer& record, Opened entries);
  [[nodiscard]] base::Result<Opened> open(const MatchIndex::Pointer& record);

 private:
  std::size_t held_max_;
  std::unordered_map<const store::GroupRecord*, Opened> given_;
  std::unordered_map<MatchIndex::Pointer, Opened> held_;
};

struct Overlay {
  std::shared_ptr<const View> before;
  std::shared_ptr<const View> after;
  std::vector<MatchIndex::Pointer> removed;  // groups that go or are replaced
  std::vector<MatchIndex::Pointer> added;    // groups as they would be
  // Teams that come, go or change an option that decides about a fetch: all their workloads are
  // concerned.
  std::set<std::string> teams;
  OpenedGroups opened;               // knows the values of `added`
  source::Asking* asking = nullptr;  // with Patience::kNow; null: no sources are configured
};

// The changes are not checked: they are those of a plan. A View of the overlay is no view of a
// Catalog and must not be shown to a BundleCache.
[[nodiscard]] Overlay lay_over(std::shared_ptr<const View> view,
                               const std::vector<store::Change>& changes);

}  // namespace sutler::resolve
