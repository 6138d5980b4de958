#include "resolve/overlay.h"

#include <utility>

namespace sutler::resolve {

void OpenedGroups::give(const MatchIndex::Pointer& record, Opened entries) {
  given_.emplace(record.get(), std::move(entries));
}

base::Result<OpenedGroups::Opened> OpenedGroups::open(const MatchIndex::Pointer& record) {
  if (const auto at = given_.find(record.get()); at != given_.end()) return at->second;
  if (const auto at = held_.find(record); at != held_.end()) return at->second;
  auto opened = record->open_entries();
  if (!opened) return pass(opened);
  auto entries = std::make_shared<const store::OpenEntries>(std::move(*opened));
  if (held_.size() >= held_max_) held_.clear();
  held_.emplace(record, entries);
  return entries;
}

namespace {

// Lays one change after the other over the copy of a view.
class Layer {
 public:
  Layer(Overlay& overlay, store::Snapshot& snapshot, MatchIndex& index)
      : overlay_(overlay), snapshot_(snapshot), index_(index) {}

  void operator()(const store::PutGroup& put) {
    const model::GroupHeader& header = put.group.header;
    const auto current = take(header.team, header.name);
    auto record =
        store::GroupRecord::preview(put.group, current == nullptr ? 1 : current->version() + 1);
    overlay_.opened.give(record,
                         std::make_shared<const store::OpenEntries>(model::clone(put.group)));
    snapshot_.groups.insert(store::Snapshot::group_hash(header.team, header.name), record);
    snapshot_.ever_held_group = true;
    index_.insert(record);
    overlay_.added.push_back(std::move(record));
  }
  void operator()(const store::DeleteGroup& gone) { (void)take(gone.team, gone.name); }
  void operator()(const store::PutTeam& put) {
    const auto at = snapshot_.teams.find(put.team.id);
    const bool same = at != snapshot_.teams.end() &&
                      at->second->team.options.require_match == put.team.options.require_match;
    if (!same) overlay_.teams.insert(put.team.id);
    auto record = std::make_shared<store::TeamRecord>();
    record->team = model::clone(put.team);
    snapshot_.teams[put.team.id] = std::move(record);
  }
  // Operators get no bundles.
  void operator()(const store::PutOperator&) {}
  void operator()(const store::DeleteOperator&) {}
  void operator()(const store::ExpectGroup&) {}
  void operator()(const store::DeleteTeam& gone) {
    overlay_.teams.insert(gone.id);
    snapshot_.teams.erase(gone.id);
  }

 private:
  // Takes the current group away, if there is one.
  MatchIndex::Pointer take(const std::string& team, const std::string& name) {
    auto current = snapshot_.find_group(team, name);
    if (!current) return nullptr;
    snapshot_.groups.erase(store::Snapshot::group_hash(team, name), current.get());
    index_.erase(current);
    overlay_.removed.push_back(current);
    return current;
  }

  Overlay& overlay_;
  store::Snapshot& snapshot_;
  MatchIndex& index_;
};

}  // namespace

Overlay lay_over(std::shared_ptr<const View> view, const std::vector<store::Change>& changes) {
  Overlay overlay;
  overlay.before = std::move(view);
  auto snapshot = std::make_shared<store::Snapshot>(*overlay.before->snapshot);
  auto after = std::make_shared<View>();
  after->index = overlay.before->index;
  Layer layer(overlay, *snapshot, after->index);
  for (const store::Change& change : changes) std::visit(layer, change);
  after->snapshot = std::move(snapshot);
  overlay.after = std::move(after);
  return overlay;
}

}  // namespace sutler::resolve
