#include "resolve/catalog.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace sutler::resolve {
namespace {

using Pointer = MatchIndex::Pointer;

auto identity(const Pointer& group) { return std::tie(group->header().team, group->header().name); }

bool by_identity(const Pointer& a, const Pointer& b) { return identity(a) < identity(b); }

// The same group with other values: whoever it matched before, it matches now, and no version comes
// twice.
bool only_values_changed(const Pointer& before, const Pointer& after) {
  return before->header() == after->header() && before->version() < after->version();
}

// The teams whose generation has to rise: those of groups that came, went or changed their header.
void raise_generations(MatchIndex& index, std::vector<Pointer> removed,
                       std::vector<Pointer> added) {
  std::sort(removed.begin(), removed.end(), by_identity);
  std::sort(added.begin(), added.end(), by_identity);
  auto gone = removed.begin();
  auto come = added.begin();
  while (gone != removed.end() || come != added.end()) {
    if (come == added.end() || (gone != removed.end() && by_identity(*gone, *come))) {
      index.raise_generation((*gone++)->header().team);
    } else if (gone == removed.end() || by_identity(*come, *gone)) {
      index.raise_generation((*come++)->header().team);
    } else {
      if (!only_values_changed(*gone, *come)) index.raise_generation((*come)->header().team);
      ++gone;
      ++come;
    }
  }
}

MatchIndex index_of(const store::Snapshot& snapshot) {
  MatchIndex index;
  snapshot.groups.for_all([&index](const Pointer& group) { index.insert(group); });
  return index;
}

}  // namespace

void Catalog::publish(const store::Publication& publication) {
  auto next = std::make_shared<View>();
  next->snapshot = publication.after;
  std::shared_ptr<const View> current = view();
  if (!current || !publication.before || publication.all) {
    next->index = index_of(*publication.after);
    if (current) next->index.continue_from(current->index);
    for (const auto& [id, team] : publication.after->teams) next->index.raise_generation(id);
  } else {
    next->index = current->index;
    for (const Pointer& group : publication.removed) next->index.erase(group);
    for (const Pointer& group : publication.added) next->index.insert(group);
    raise_generations(next->index, publication.removed, publication.added);
  }
  next->generation = generation_.load(std::memory_order_relaxed) + 1;
  {
    const std::lock_guard lock(mutex_);
    view_ = std::move(next);
  }
  generation_.fetch_add(1, std::memory_order_release);
  // `current` goes here, outside the lock: it may be the last to hold the old view.
}

std::shared_ptr<const View> Catalog::view() const {
  const std::lock_guard lock(mutex_);
  return view_;
}

}  // namespace sutler::resolve
