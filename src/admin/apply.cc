#include "admin/apply.h"

#include <algorithm>
#include <set>

#include "admin/group_rules.h"
#include "resolve/reference_check.h"
#include "resolve/resolver.h"

namespace sutler::admin {
namespace {

base::Result<std::set<GroupName>> check_names(const store::Snapshot& snapshot,
                                              const ApplyInput& input) {
  std::set<GroupName> names;
  for (const model::Group& group : input.groups) {
    const model::GroupHeader& header = group.header;
    if (!snapshot.teams.contains(header.team) || !may_see_team(input.who, header.team)) {
      return base::fail(base::Code::kNotFound,
                        "group \"" + header.name + "\": there is no team \"" + header.team + "\"",
                        "make it first: sutler team add " + header.team);
    }
    if (!names.emplace(header.team, header.name).second) {
      return base::fail(base::Code::kInvalid, "group \"" + header.name + "\" of team \"" +
                                                  header.team + "\" is in the input twice");
    }
  }
  for (const std::string& team : input.prune_teams) {
    if (!snapshot.teams.contains(team) || !may_see_team(input.who, team)) {
      return base::fail(base::Code::kNotFound, "there is no team \"" + team + "\"");
    }
  }
  if (input.prune == Prune::kYes && input.manager.empty()) {
    return base::fail(base::Code::kInvalid, "prune needs managed_by",
                      "it deletes only groups that were applied with the same --managed-by NAME");
  }
  if (input.prune == Prune::kYes && input.groups.empty()) {
    return base::fail(base::Code::kInvalid, "prune with no group in the input is refused",
                      "an empty input is more often a mistake than a wish; sutler group delete "
                      "takes single groups away");
  }
  return names;
}

base::Result<void> settle_manager(model::GroupHeader& header, const std::string& manager) {
  if (manager.empty()) return {};
  if (!header.managed_by.empty() && header.managed_by != manager) {
    return base::fail(base::Code::kInvalid, "group \"" + header.name + "\" says managedBy \"" +
                                                header.managed_by + "\" and is applied by \"" +
                                                manager + "\"");
  }
  header.managed_by = manager;
  return {};
}

base::Result<void> check_expected(std::uint64_t version, const GroupName& group,
                                  const ApplyInput& input) {
  const auto expected = input.expected.find(group);
  if (expected == input.expected.end() || expected->second == version) return {};
  return base::fail(base::Code::kConflict,
                    "group \"" + group.second + "\" is at version " + std::to_string(version) +
                        ", not " + std::to_string(expected->second),
                    "somebody changed it in the meantime: look at it again");
}

// What becomes of one group of the input; `next` is completed on the way.
base::Result<Touched> plan_group(const resolve::View& view, model::Group& next,
                                 const ApplyInput& input) {
  auto settled = settle_manager(next.header, input.manager);
  if (!settled) return base::pass(settled);
  Touched touched{next.header.team, next.header.name, Fate::kCreated, 0, {}};
  const auto record = view.snapshot->find_group(touched.team, touched.name);
  // Before anything that an answer could tell about what is there.
  auto mine = require_write(input.who, record ? &record->header() : nullptr, &next.header);
  if (!mine) return base::pass(mine);
  auto as_expected =
      check_expected(record ? record->version() : 0, {touched.team, touched.name}, input);
  if (!as_expected) return base::pass(as_expected);
  if (!record) {
    auto ready = make_savable(next, nullptr);
    if (!ready) return base::pass(ready);
    touched.difference = difference(nullptr, next);
    touched.keys = all_keys(touched.difference);
    return touched;
  }
  auto current = record->open();
  if (!current) return base::pass(current, "group \"" + touched.name + "\"");
  touched.version = record->version();
  // Changed once by hand, a group stays with who manages it: else their next prune would not know
  // it.
  if (input.take_over == TakeOver::kYes && next.header.managed_by.empty()) {
    next.header.managed_by = current->header.managed_by;
  }
  auto ready = make_savable(next, &*current);
  if (!ready) return base::pass(ready);
  if (model::equal(*current, next)) {
    touched.fate = Fate::kUnchanged;
    return touched;
  }
  auto allowed = check_manager(*record, input.manager, input.take_over);
  if (!allowed) return base::pass(allowed);
  touched.fate = Fate::kUpdated;
  touched.difference = difference(&*current, next);
  touched.keys = all_keys(touched.difference);
  return touched;
}

Touched deleted(const store::GroupRecord& record) {
  const model::GroupHeader& header = record.header();
  Touched touched{header.team, header.name, Fate::kDeleted, record.version(), {}};
  const auto keys = record.keys();
  touched.difference.removed.assign(keys.variables.begin(), keys.variables.end());
  touched.difference.removed.insert(touched.difference.removed.end(), keys.files.begin(),
                                    keys.files.end());
  return touched;
}

// Nobody means to lose the groups of a team that these files are not about, nor to leave groups
// behind in silence: they stay, and it is told. Not which team, as not everybody may see it.
void tell_of_others(const store::Snapshot& snapshot, const ApplyInput& input,
                    const std::set<std::string>& teams, Plan& plan) {
  std::ptrdiff_t left = 0;
  for (const auto& [id, team] : snapshot.teams) {
    if (teams.contains(id)) continue;
    left += std::ranges::count_if(snapshot.groups_of(id), [&](const auto& record) {
      return record->header().managed_by == input.manager && may_see(input.who, record->header());
    });
  }
  if (left == 0) return;
  plan.warnings.push_back("groups of \"" + input.manager +
                          "\" in teams that the input does not name stay: " + std::to_string(left));
}

base::Result<void> plan_prune(const store::Snapshot& snapshot, const ApplyInput& input,
                              const std::set<GroupName>& names, Plan& plan) {
  std::set<std::string> teams(input.prune_teams.begin(), input.prune_teams.end());
  for (const auto& [team, name] : names) teams.insert(team);
  for (const std::string& team : teams) {
    for (const auto& record : snapshot.groups_of(team)) {
      const model::GroupHeader& header = record->header();
      if (header.managed_by != input.manager || names.contains({header.team, header.name}))
        continue;
      if (!may_see(input.who, header)) continue;
      if (auto mine = require_write(input.who, &header, nullptr); !mine) return mine;
      if (auto same = check_expected(record->version(), {header.team, header.name}, input); !same)
        return same;
      plan.changes.emplace_back(store::DeleteGroup{header.team, header.name, record->version()});
      plan.groups.push_back(deleted(*record));
    }
  }
  tell_of_others(snapshot, input, teams, plan);
  return {};
}

// Of groups that nothing is done to. What he may not see is not there for him. Where something else
// is written it is held until that is done.
base::Result<void> hold_other_expected(const store::Snapshot& snapshot, const ApplyInput& input,
                                       Plan& plan) {
  std::set<GroupName> written;
  for (const Touched& one : plan.groups) {
    if (one.fate != Fate::kUnchanged) written.emplace(one.team, one.name);
  }
  for (const auto& [group, version] : input.expected) {
    if (written.contains(group)) continue;  // it was looked at there
    const auto record = snapshot.find_group(group.first, group.second);
    const bool is_there = record && may_see(input.who, record->header());
    auto same = check_expected(is_there ? record->version() : 0, group, input);
    if (!same) return same;
    if (!written.empty() && (is_there || !record)) {
      plan.changes.emplace_back(store::ExpectGroup{group.first, group.second, version});
    }
  }
  return {};
}

}  // namespace

base::Result<void> check_manager(const store::GroupRecord& current, const std::string& manager,
                                 TakeOver take_over) {
  const std::string& owner = current.header().managed_by;
  if (owner.empty() || owner == manager || take_over == TakeOver::kYes) return {};
  return base::fail(base::Code::kRefused,
                    "group \"" + current.header().name + "\" is managed by \"" + owner + "\"",
                    "change it where it is managed, or take it over with --take-over", "managed");
}

base::Result<void> plan_puts(const resolve::View& view, std::vector<model::Group> changed,
                             const std::vector<std::uint64_t>& versions, const Principal& who,
                             Plan& plan) {
  auto globs = resolve::check_free_globs(view, changed);
  if (!globs) return base::pass(globs);
  const auto may_tell = [&who](const model::GroupHeader& header) { return may_see(who, header); };
  auto doubtful = resolve::check_references(view, changed, may_tell);
  if (!doubtful) return base::pass(doubtful);
  plan.warnings = resolve::save_warnings(view, changed, may_tell);
  plan.warnings.insert(plan.warnings.end(), doubtful->begin(), doubtful->end());
  for (std::size_t i = 0; i < changed.size(); ++i) {
    plan.changes.emplace_back(store::PutGroup{std::move(changed[i]), versions[i]});
  }
  return {};
}

base::Result<Plan> plan_apply(const resolve::View& view, ApplyInput input) {
  auto names = check_names(*view.snapshot, input);
  if (!names) return base::pass(names);
  Plan plan;
  std::vector<model::Group> changed;
  std::vector<std::uint64_t> versions;
  for (model::Group& next : input.groups) {
    auto touched = plan_group(view, next, input);
    if (!touched) return base::pass(touched);
    if (touched->fate != Fate::kUnchanged) {
      changed.push_back(std::move(next));
      versions.push_back(touched->version);
    }
    plan.groups.push_back(std::move(*touched));
  }
  auto put = plan_puts(view, std::move(changed), versions, input.who, plan);
  if (!put) return base::pass(put);
  if (input.prune == Prune::kYes) {
    auto pruned = plan_prune(*view.snapshot, input, *names, plan);
    if (!pruned) return base::pass(pruned);
  }
  auto expected = hold_other_expected(*view.snapshot, input, plan);
  if (!expected) return base::pass(expected);
  return plan;
}

base::Result<Plan> plan_delete(const resolve::View& view, const DeleteInput& input) {
  const auto record = view.snapshot->find_group(input.team, input.name);
  if (!record || !may_see(input.who, record->header())) return no_group(input.team, input.name);
  auto mine = require_write(input.who, &record->header(), nullptr);
  if (!mine) return base::pass(mine);
  auto allowed = check_manager(*record, input.manager, input.take_over);
  if (!allowed) return base::pass(allowed);
  Plan plan;
  plan.changes.emplace_back(store::DeleteGroup{input.team, input.name, record->version()});
  plan.groups.push_back(deleted(*record));
  return plan;
}

}  // namespace sutler::admin
