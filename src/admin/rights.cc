#include "admin/rights.h"

#include <algorithm>

#include "base/glob.h"
#include "resolve/overlap.h"

namespace sutler::admin {
namespace {

using base::Code;
using model::GroupHeader;

bool names(const std::vector<std::string>& patterns, std::string_view name) {
  return patterns.empty() || std::ranges::any_of(patterns, [&](const std::string& pattern) {
           return base::glob_matches(pattern, name);
         });
}

bool is_unbounded(const Principal& who) { return who.role == Role::kOwner || who.scopes.empty(); }

template <class Fits>
bool in_some_scope(const Principal& who, const Fits& fits) {
  return is_unbounded(who) || std::ranges::any_of(who.scopes, fits);
}

// Some workload of the scope's projects gets the group.
bool touches(const Scope& scope, const GroupHeader& group) {
  if (!names(scope.teams, group.team) || !names(scope.groups, group.name)) return false;
  if (scope.projects.empty() || !group.restrictions.projects) return true;
  return std::ranges::any_of(*group.restrictions.projects, [&](const std::string& pattern) {
    return std::ranges::any_of(scope.projects, [&](const std::string& own) {
      return resolve::globs_overlap(own, pattern);
    });
  });
}

// The first pattern of the group's projects that reaches outside, or "*" where it names none.
std::string project_outside(const Scope& scope, const GroupHeader& group) {
  if (scope.projects.empty()) return {};
  if (!group.restrictions.projects) return "*";
  for (const std::string& pattern : *group.restrictions.projects) {
    const bool inside = std::ranges::any_of(
        scope.projects, [&](const std::string& own) { return base::glob_contains(own, pattern); });
    if (!inside) return pattern;
  }
  return {};
}

bool encloses(const Scope& scope, const GroupHeader& group) {
  return names(scope.teams, group.team) && names(scope.groups, group.name) &&
         project_outside(scope, group).empty();
}

std::string group_text(const GroupHeader& group) { return "group \"" + group.name + "\""; }

base::Unexpected outside(std::string message) {
  return base::fail(Code::kRefused, std::move(message),
                    "somebody whose scope is wider can do it, or widen yours", "out_of_scope");
}

// What of the group is outside, in terms of the scope that comes nearest.
std::string explain_outside(const Principal& who, const GroupHeader& group) {
  std::string why = "is of team \"" + group.team + "\", which is outside of your scope";
  int nearest = 0;
  for (const Scope& scope : who.scopes) {
    if (!names(scope.teams, group.team)) continue;
    if (!names(scope.groups, group.name)) {
      if (nearest < 1) why = "has a name that is outside of your scope";
      nearest = std::max(nearest, 1);
      continue;
    }
    const std::string project = project_outside(scope, group);
    if (project == "*" && !group.restrictions.projects) {
      if (nearest < 2) why = "is for all projects, and your scope is not";
      nearest = std::max(nearest, 2);
    } else if (!project.empty()) {
      if (nearest < 2) why = "is for project \"" + project + "\", which is outside of your scope";
      nearest = std::max(nearest, 2);
    } else if (group.priority > scope.priority_max && nearest < 3) {
      why = "has priority " + std::to_string(group.priority) + ", above your scope's " +
            std::to_string(scope.priority_max);
      nearest = 3;
    }
  }
  return why;
}

bool may_write_here(const Principal& who, const GroupHeader& group) {
  return in_some_scope(who, [&](const Scope& scope) {
    return encloses(scope, group) && group.priority <= scope.priority_max;
  });
}

}  // namespace

Principal owner_principal(std::string name, Principal::By by) {
  return {std::move(name), Role::kOwner, Reveal::kYes, {}, by, {}};
}

std::string_view to_word(Right right) {
  constexpr std::string_view kWords[] = {"open", "signed in", "view", "edit", "audit", "own"};
  return kWords[static_cast<std::size_t>(right)];
}

base::Result<void> require_right(const Principal& who, Right right) {
  if (right == Right::kOpen) return {};
  if (who.by == Principal::By::kNothing) return base::fail(Code::kRefused, "nobody is signed in");
  const Role role = who.role;
  bool allowed = false;
  switch (right) {
    case Right::kOpen:
    case Right::kSignedIn:
    case Right::kView: allowed = true; break;
    case Right::kEdit: allowed = role == Role::kOwner || role == Role::kEditor; break;
    case Right::kAudit: allowed = role == Role::kOwner || role == Role::kAuditor; break;
    case Right::kOwn: allowed = role == Role::kOwner; break;
  }
  if (allowed) return {};
  const std::string needed = right == Right::kEdit    ? "an editor or owner"
                             : right == Right::kAudit ? "an auditor or owner"
                                                      : "an owner";
  return base::fail(Code::kRefused, "this needs " + needed + ", and " + who.name + " is " +
                                        (role == Role::kViewer ? "a " : "an ") +
                                        std::string(to_word(role)));
}

bool may_see_team(const Principal& who, std::string_view team) {
  return in_some_scope(who, [&](const Scope& scope) { return names(scope.teams, team); });
}

bool may_see_project(const Principal& who, std::string_view team, std::string_view project) {
  return in_some_scope(who, [&](const Scope& scope) {
    return names(scope.teams, team) && names(scope.projects, project);
  });
}

bool may_see(const Principal& who, const GroupHeader& group) {
  return in_some_scope(who, [&](const Scope& scope) { return touches(scope, group); });
}

bool may_reveal(const Principal& who, const GroupHeader& group) {
  const bool config = group.type == model::GroupType::kConfig && who.role != Role::kAuditor;
  if (who.reveal != Reveal::kYes && !config) return false;
  return in_some_scope(who, [&](const Scope& scope) { return encloses(scope, group); });
}

base::Result<void> require_reveal(const Principal& who, const GroupHeader& group) {
  if (may_reveal(who, group)) return {};
  if (!may_see(who, group)) {
    return base::fail(Code::kNotFound,
                      "there is no " + group_text(group) + " in team \"" + group.team + "\"");
  }
  const bool granted = who.reveal == Reveal::kYes;
  return base::fail(
      Code::kRefused,
      granted ? group_text(group) + " " + explain_outside(who, group) + ": its values are not shown"
              : who.name + " may not see values of " + group_text(group),
      granted ? "" : "`reveal` is a grant of its own: sutler operator set NAME --reveal");
}

base::Result<void> require_write(const Principal& who, const GroupHeader* before,
                                 const GroupHeader* after) {
  if (auto right = require_right(who, Right::kEdit); !right) return right;
  if (before != nullptr && !may_see(who, *before)) {
    return outside(group_text(*before) + " is outside of your scope");
  }
  for (const GroupHeader* group : {before, after}) {
    if (group == nullptr || may_write_here(who, *group)) continue;
    return outside(group_text(*group) + (group == before ? " " : " would be out of reach: it ") +
                   explain_outside(who, *group));
  }
  const bool opens = before != nullptr && after != nullptr &&
                     before->type == model::GroupType::kSecret &&
                     after->type == model::GroupType::kConfig;
  if (opens && !may_reveal(who, *before)) {
    return base::fail(Code::kRefused,
                      group_text(*before) +
                          " is of type secret: as config everybody could read "
                          "its values, and " +
                          who.name + " may not see them",
                      "somebody with `reveal` can change the type");
  }
  return {};
}

base::Result<void> require_carry(const Principal& who, const GroupHeader& from,
                                 const GroupHeader& to) {
  if (!may_see(who, from)) return require_reveal(who, from);
  if (may_reveal(who, from)) return {};
  if (auto writable = require_write(who, &from, &from); !writable) return writable;
  if (from.type == to.type || to.type == model::GroupType::kSecret) return {};
  return require_reveal(who, from);
}

}  // namespace sutler::admin
