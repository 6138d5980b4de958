#include "admin/exposure_subject.h"

#include <algorithm>
#include <vector>

#include "admin/exposure_trail.h"
#include "registry/registry.h"

namespace sutler::admin {
namespace {

constexpr const char* kGroupsHint = "sutler group list shows the groups that there are";

bool received_by_some(const registry::Registry& known, const std::string& team,
                      const std::string& group) {
  bool found = false;
  known.for_each(nullptr, [&](const registry::Record& record) {
    found = (team.empty() || record.workload.team == team) &&
            std::ranges::any_of(record.received, [&](const registry::Received& row) {
              return row.what->group == group;
            });
    return !found;
  });
  return found;
}

}  // namespace

base::Result<void> require_known_key(const Context& context, const Principal& who,
                                     const resolve::KeyName& key, resolve::Versions& versions) {
  if (auto known = require_known_group(context, who, key.team, key.group); !known) return known;
  KnownGroups groups(context, who);
  if (auto history = context.store.history(key.team, key.group)) {
    for (const auto& version : *history) {
      if (version.deleted || !groups.knows_version(key.team, key.group, version.version)) continue;
      const auto group = versions.open({key.team, key.group, version.version});
      // What comes out of secretsFrom is named nowhere.
      if (group && (resolve::value_of(*group, key.key) || !group->secrets_from.empty())) return {};
    }
  }
  // What cannot be found may be a value that was typed in its place: it is not said back.
  return base::fail(base::Code::kNotFound,
                    "group \"" + key.group +
                        "\" has no such key, and no version of it that is "
                        "kept had one",
                    "sutler group show lists its keys; a file is GROUP//path");
}

base::Result<void> require_known_operator(const Context& context, const Principal& who,
                                          const std::string& name) {
  if (context.store.snapshot()->operators->find(name)) return {};
  if (sees_everything(who)) {
    auto named = is_named_in_audit(context, name);
    if (!named) return base::pass(named);
    if (*named) return {};
  }
  return base::fail(base::Code::kNotFound,
                    "there is no operator of that name, and the audit knows none",
                    "sutler operator list shows those that there are");
}

base::Result<void> require_known_group(const Context& context, const Principal& who,
                                       const std::string& team, const std::string& group) {
  const auto snapshot = context.store.snapshot();
  std::vector<std::string> teams;
  if (!team.empty()) {
    if (auto found = require_team(*snapshot, who, team); !found) return base::pass(found);
    teams.push_back(team);
  } else {
    for (const auto& [id, record] : snapshot->teams) {
      if (may_see_team(who, id)) teams.push_back(id);
    }
  }
  const bool stands = std::ranges::any_of(teams, [&](const std::string& id) {
    return find_standing(context, who, id, group).has_value();
  });
  if (stands) return {};
  if (sees_everything(who) && context.registry != nullptr &&
      received_by_some(*context.registry, team, group)) {
    return {};
  }
  const std::string where = team.empty() ? "in any team" : "in team \"" + team + "\"";
  return base::fail(base::Code::kNotFound, "there is no group of that name " + where, kGroupsHint);
}

}  // namespace sutler::admin
