// A copy of a group under another name, for another project or team.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admin/apply.h"
#include "base/result.h"
#include "model/group.h"
#include "resolve/catalog.h"

namespace sutler::admin {

enum class CopyValues {
  kEmpty,  // the names alone: every value of the copy is empty
  kSame,   // as they are, what templates had generated too
  kNew,    // templates are kept and generate anew; a literal secret is empty, for it has no recipe
};

struct CopyInput {
  const Principal& who;
  std::string from_team;
  std::string from;
  std::string to_team;
  std::string to;
  CopyValues values = CopyValues::kEmpty;
  std::optional<std::vector<std::string>> projects = {};  // in place of those of the original
  // Instead of projects: the copy is for every project. Else the restrictions are the original's.
  enum class For { kAsGiven, kEveryone } whom = For::kAsGiven;
  std::string manager = {};
};

// The group that a copy would make, and which of its values are empty although they were not.
struct Copy {
  model::Group group;
  std::vector<std::string> emptied;
};
[[nodiscard]] Copy copy_of(const model::Group& original, const CopyInput& input);

// kNotFound: no such group; kConflict: there is a group of the new name already; kInvalid: a copy
// for another team that does not say for which projects, and all that plan_apply() says.
[[nodiscard]] base::Result<Plan> plan_copy(const resolve::View& view, const CopyInput& input);

}  // namespace sutler::admin
