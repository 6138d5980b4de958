// Taking back what a revision changed beside groups: path and options of teams. Signing keys, and
// that a team came or went, stay as they are: a key that was taken away for a reason must not come
// back by an undo of something else. What stays is told.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace sutler::admin {

struct TeamsBack {
  std::vector<store::Change> changes;
  std::vector<std::string> names;          // of the teams in `changes`
  std::vector<std::string> changed_since;  // texts of those whose options were changed later
  std::vector<std::string> left;           // texts of what is not taken back
};

// Errors as Store::team_version().
[[nodiscard]] base::Result<TeamsBack> teams_back(store::Store& store,
                                                 const store::Snapshot& snapshot,
                                                 const store::Commit& commit);

}  // namespace sutler::admin
