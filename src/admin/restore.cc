#include "admin/restore.h"

#include <algorithm>
#include <iterator>

#include "admin/group_diff.h"
#include "admin/group_rules.h"
#include "admin/team_undo.h"

namespace sutler::admin {
namespace {

using base::Code;

std::string text_of(const std::string& team, const std::string& name) {
  return "group \"" + name + "\" of team \"" + team + "\"";
}

// What becomes of a group that shall have this content.
base::Result<Touched> plan_one(const resolve::View& view, Restore& restore,
                               const RestoreRules& rules) {
  model::Group& content = *restore.content;
  Touched touched{restore.team, restore.name, Fate::kUnchanged, 0, {}};
  const auto record = view.snapshot->find_group(restore.team, restore.name);
  std::optional<model::Group> current;
  if (record) {
    touched.version = record->version();
    auto opened = record->open();
    if (!opened) return base::pass(opened, text_of(restore.team, restore.name));
    current = std::move(*opened);
    if (identical(*current, content)) return touched;
  }
  auto mine = require_write(rules.who, record ? &record->header() : nullptr, &content.header);
  if (!mine) return base::pass(mine);
  auto ready = make_savable(content, nullptr);
  if (!ready) return base::pass(ready);
  if (record) {
    auto allowed = check_manager(*record, rules.manager, rules.take_over);
    if (!allowed) return base::pass(allowed);
  }
  touched.fate = record ? Fate::kUpdated : Fate::kCreated;
  touched.difference = difference(current ? &*current : nullptr, content);
  touched.keys = all_keys(touched.difference);
  return touched;
}

// Adds what it takes that the group goes.
base::Result<void> plan_gone(const resolve::View& view, const Restore& restore,
                             const RestoreRules& rules, Plan& plan) {
  const auto record = view.snapshot->find_group(restore.team, restore.name);
  if (!record) {
    plan.groups.push_back({restore.team, restore.name, Fate::kUnchanged, 0, {}});
    return {};
  }
  auto gone = plan_delete(view, {.who = rules.who,
                                 .team = restore.team,
                                 .name = restore.name,
                                 .manager = rules.manager,
                                 .take_over = rules.take_over});
  if (!gone) return base::pass(gone);
  for (auto& change : gone->changes) plan.changes.push_back(std::move(change));
  for (auto& touched : gone->groups) plan.groups.push_back(std::move(touched));
  return {};
}

// What a group was at a version; nothing where it was deleted or not there yet.
base::Result<std::optional<model::Group>> content_at(store::Store& store, const std::string& team,
                                                     const std::string& name,
                                                     std::uint64_t version) {
  if (version == 0) return std::nullopt;
  auto group = store.version(team, name, version);
  if (group) return std::move(*group);
  if (group.error().name == "deleted_version") return std::nullopt;
  return base::pass(group);
}

bool is_as(const store::Snapshot& snapshot, const Restore& wanted) {
  const auto record = snapshot.find_group(wanted.team, wanted.name);
  if (!record || !wanted.content) return !record && !wanted.content;
  const auto current = record->open();
  return current && identical(*current, *wanted.content);
}

std::uint64_t current_version(const store::Snapshot& snapshot, const std::string& team,
                              const std::string& name) {
  if (const auto record = snapshot.find_group(team, name)) return record->version();
  const auto gone = snapshot.find_deleted(team, name);
  return gone ? gone->version : 0;
}

std::string joined(const std::vector<std::string>& names) {
  constexpr std::size_t kNamesMax = 20;
  std::string out;
  for (std::size_t i = 0; i < names.size() && i < kNamesMax; ++i) {
    out += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > kNamesMax) {
    out += " and " + std::to_string(names.size() - kNamesMax) + " more";
  }
  return out;
}

std::string lost_text(const store::Commit::Change& change, std::uint64_t now) {
  const std::uint64_t first = change.version + 1;
  return text_of(change.team, change.name) + ": what was changed since then is undone too, " +
         (first == now ? "version " + std::to_string(now)
                       : "versions " + std::to_string(first) + " to " + std::to_string(now)) +
         "; they stay in the history";
}

}  // namespace

base::Result<Plan> plan_restore(const resolve::View& view, std::vector<Restore> restores,
                                const RestoreRules& rules) {
  Plan plan;
  std::vector<model::Group> changed;
  std::vector<std::uint64_t> versions;
  for (Restore& restore : restores) {
    if (!view.snapshot->teams.contains(restore.team) || !may_see_team(rules.who, restore.team)) {
      return base::fail(Code::kNotFound, "there is no team \"" + restore.team + "\"",
                        "make it first: sutler team add " + restore.team);
    }
    if (!restore.content) {
      if (auto gone = plan_gone(view, restore, rules, plan); !gone) return base::pass(gone);
      continue;
    }
    auto touched = plan_one(view, restore, rules);
    if (!touched) return base::pass(touched);
    if (touched->fate != Fate::kUnchanged) {
      changed.push_back(std::move(*restore.content));
      versions.push_back(touched->version);
    }
    plan.groups.push_back(std::move(*touched));
  }
  auto put = plan_puts(view, std::move(changed), versions, rules.who, plan);
  if (!put) return base::pass(put);
  return plan;
}

base::Result<Plan> plan_rollback(store::Store& store, const resolve::View& view,
                                 const std::string& team, const std::string& name,
                                 std::uint64_t version, const RestoreRules& rules) {
  if (current_version(*view.snapshot, team, name) == 0) return no_group(team, name);
  auto content = store.version(team, name, version);
  if (!content) return base::pass(content);
  if (!may_see(rules.who, content->header)) {
    return base::fail(Code::kNotFound,
                      "group \"" + name + "\", version " + std::to_string(version) + " is not kept",
                      {}, "no_version");
  }
  std::vector<Restore> restores;
  restores.push_back({team, name, std::move(*content)});
  auto plan = plan_restore(view, std::move(restores), rules);
  if (plan) plan->message = "rollback to version " + std::to_string(version);
  return plan;
}

base::Result<Plan> plan_undo(store::Store& store, const resolve::View& view,
                             const store::Commit& commit, Overwrite overwrite,
                             const RestoreRules& rules) {
  std::vector<Restore> restores;
  std::vector<std::string> changed_since;
  std::vector<std::string> lost;
  for (const store::Commit::Change& change : commit.changes) {
    if (change.kind != "group") continue;
    auto content = content_at(store, change.team, change.name, change.version - 1);
    if (!content) return base::pass(content);
    if (*content && !may_see(rules.who, (*content)->header)) {
      return base::fail(Code::kRefused,
                        "before revision " + std::to_string(commit.revision) + " " +
                            text_of(change.team, change.name) + " was outside of your scope",
                        {}, "out_of_scope");
    }
    Restore restore{change.team, change.name, std::move(*content)};
    const std::uint64_t now = current_version(*view.snapshot, change.team, change.name);
    if (now != change.version && !is_as(*view.snapshot, restore)) {
      changed_since.push_back(text_of(change.team, change.name) + " (now at version " +
                              std::to_string(now) + ")");
      lost.push_back(lost_text(change, now));
    }
    restores.push_back(std::move(restore));
  }
  const std::string revision = "revision " + std::to_string(commit.revision);
  auto teams = teams_back(store, *view.snapshot, commit);
  if (!teams) return base::pass(teams);
  for (const std::string& one : teams->changed_since) {
    changed_since.push_back(one);
    lost.push_back(one + ": what was changed since then is undone too");
  }
  if (restores.empty() && teams->changes.empty() && !teams->left.empty()) {
    return base::fail(Code::kInvalid,
                      revision + " changed nothing that undo takes back: " + joined(teams->left),
                      "undo takes back changes of groups and of the options of teams; change keys, "
                      "teams and operators by hand");
  }
  if (!changed_since.empty() && overwrite == Overwrite::kRefuse) {
    return base::fail(Code::kConflict,
                      "changed again since " + revision + ": " + joined(changed_since),
                      "`--force` undoes these later changes too; `sutler group rollback` takes one "
                      "group back to a version of your choice",
                      "changed_since");
  }
  auto plan = plan_restore(view, std::move(restores), rules);
  if (!plan) return plan;
  std::ranges::move(teams->changes, std::back_inserter(plan->changes));
  plan->teams = std::move(teams->names);
  plan->warnings.insert(plan->warnings.begin(), lost.begin(), lost.end());
  if (!teams->left.empty()) {
    plan->warnings.push_back("not taken back: " + joined(teams->left));
  }
  plan->message = "undo of " + revision;
  return plan;
}

}  // namespace sutler::admin
