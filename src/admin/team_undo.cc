#include "admin/team_undo.h"

#include <algorithm>

namespace sutler::admin {
namespace {

using Change = store::Commit::Change;

bool same_options(const model::Team& a, const model::Team& b) {
  return a.path == b.path && a.options == b.options;
}

bool same_keys(const model::Team& a, const model::Team& b) {
  return std::ranges::equal(a.keys, b.keys, [](const auto& one, const auto& other) {
    return one.id == other.id && one.retire_at == other.retire_at;
  });
}

base::Result<void> take_back(store::Store& store, const store::Snapshot& snapshot,
                             const Change& change, TeamsBack& out) {
  const std::string team = "team \"" + change.team + "\"";
  if (change.version == 1 || change.deleted) {
    out.left.push_back(team + (change.deleted ? ", which it removed" : ", which it added"));
    return {};
  }
  auto before = store.team_version(change.team, change.version - 1);
  if (!before && before.error().name == "deleted_version") {
    out.left.push_back(team + ", which it added");
    return {};
  }
  if (!before) return base::pass(before);
  auto after = store.team_version(change.team, change.version);
  if (!after) return base::pass(after);
  if (!same_keys(*before, *after)) out.left.push_back("signing keys of " + team);
  if (same_options(*before, *after)) return {};
  const auto at = snapshot.teams.find(change.team);
  if (at == snapshot.teams.end()) {
    out.left.push_back("options of " + team + ", which is not there any more");
    return {};
  }
  const model::Team& now = at->second->team;
  if (same_options(now, *before)) return {};
  if (!same_options(now, *after)) out.changed_since.push_back("options of " + team);
  model::Team back = model::clone(now);
  back.path = before->path;
  back.options = before->options;
  out.names.push_back(back.id);
  out.changes.emplace_back(store::PutTeam{std::move(back), at->second->version});
  return {};
}

}  // namespace

base::Result<TeamsBack> teams_back(store::Store& store, const store::Snapshot& snapshot,
                                   const store::Commit& commit) {
  TeamsBack out;
  for (const Change& change : commit.changes) {
    if (change.kind == "team") {
      if (auto done = take_back(store, snapshot, change, out); !done) return base::pass(done);
    } else if (change.kind != "group") {
      out.left.push_back(change.kind + " \"" + change.team + "\"");
    }
  }
  return out;
}

}  // namespace sutler::admin
