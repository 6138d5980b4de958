// Going back: plans that give groups the content that they had, to the last byte.
//
// Unlike an apply, nothing is taken over from the current version: what a template had generated
// then comes back, and so does who managed the group. Every rule of a save holds all the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "admin/apply.h"
#include "admin/rights.h"
#include "base/result.h"
#include "resolve/catalog.h"
#include "store/store.h"

namespace sutler::admin {

// Who asks, by his rights (require_write), and where groups are managed by somebody (apply.h).
struct RestoreRules {
  Principal who;
  std::string manager = {};
  TakeOver take_over = TakeOver::kNo;
};

// One group and what it shall be; nothing: it goes.
struct Restore {
  std::string team;
  std::string name;
  std::optional<model::Group> content = {};
};

// Errors as plan_apply(); a group that is already so is unchanged.
[[nodiscard]] base::Result<Plan> plan_restore(const resolve::View& view,
                                              std::vector<Restore> restores,
                                              const RestoreRules& rules);

// Back to a version of one group, live or deleted. kNotFound as Store::version().
[[nodiscard]] base::Result<Plan> plan_rollback(store::Store& store, const resolve::View& view,
                                               const std::string& team, const std::string& name,
                                               std::uint64_t version, const RestoreRules& rules);

enum class Overwrite { kRefuse, kYes };
// Every group that the revision changed goes back to what it was before, and so do the options of
// teams; the plan's warnings name what does not (team_undo.h). kConflict
// (`changed_since`) names those that were changed later; with Overwrite::kYes they go back all the
// same, and the plan's warnings say what is lost. kInvalid: the revision changed nothing of this,
// and what it did change is named; kNotFound (`no_version`): what was before is purged.
[[nodiscard]] base::Result<Plan> plan_undo(store::Store& store, const resolve::View& view,
                                           const store::Commit& commit, Overwrite overwrite,
                                           const RestoreRules& rules);

}  // namespace sutler::admin
