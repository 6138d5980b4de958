#include "admin/apply.h"

#include <set>

#include "admin/group_rules.h"
#include "resolve/resolver.h"

namespace sutler::admin {
namespace {

using Name = std::pair<std::string, std::string>;  // team, name

base::Result<std::set<Name>> check_names(const store::Snapshot& snapshot, const ApplyInput& input) {
  std::set<Name> names;
  for (const model::Group& group : input.groups) {
    const model::GroupHeader& header = group.header;
    if (!snapshot.teams.contains(header.team)) {
      return base::fail(base::Code::kNotFound,
                        "group \"" + header.name + "\": there is no team \"" + header.team + "\"",
                        "make it first: sutler team add " + header.team);
    }
    if (!names.emplace(header.team, header.name).second) {
      return base::fail(base::Code::kInvalid, "group \"" + header.name + "\" of team \"" +
                                                  header.team + "\" is in the input twice");
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

base::Result<void> check_manager(const store::GroupRecord& current, const std::string& manager,
                                 TakeOver take_over) {
  const std::string& owner = current.header().managed_by;
  if (owner.empty() || owner == manager || take_over == TakeOver::kYes) return {};
  return base::fail(
      base::Code::kRefused,
      "group \"" + current.header().name + "\" is managed by \"" + owner + "\"",
      "change it where it is managed, or take it over with `sutler group apply --take-over`",
      "managed");
}

// What becomes of one group of the input; `next` is completed on the way.
base::Result<Touched> plan_group(const resolve::View& view, model::Group& next,
                                 const ApplyInput& input) {
  auto settled = settle_manager(next.header, input.manager);
  if (!settled) return base::pass(settled);
  Touched touched{next.header.team, next.header.name, Fate::kCreated, 0, {}};
  const auto record = view.snapshot->find_group(touched.team, touched.name);
  if (!record) {
    auto ready = make_savable(next, nullptr);
    if (!ready) return base::pass(ready);
    touched.keys = changed_keys(nullptr, next);
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
  touched.keys = changed_keys(&*current, next);
  return touched;
}

void plan_prune(const store::Snapshot& snapshot, const ApplyInput& input,
                const std::set<Name>& names, Plan& plan) {
  std::set<std::string_view> teams;
  for (const auto& [team, name] : names) teams.insert(team);
  for (const std::string_view team : teams) {
    for (const auto& record : snapshot.groups_of(team)) {
      const model::GroupHeader& header = record->header();
      if (header.managed_by != input.manager || names.contains({header.team, header.name}))
        continue;
      plan.changes.emplace_back(store::DeleteGroup{header.team, header.name, record->version()});
      plan.groups.push_back({header.team, header.name, Fate::kDeleted, record->version(), {}});
    }
  }
}

}  // namespace

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
  auto globs = resolve::check_free_globs(view, changed);
  if (!globs) return base::pass(globs);
  plan.warnings = resolve::save_warnings(view, changed);
  for (std::size_t i = 0; i < changed.size(); ++i) {
    plan.changes.emplace_back(store::PutGroup{std::move(changed[i]), versions[i]});
  }
  if (input.prune == Prune::kYes) plan_prune(*view.snapshot, input, *names, plan);
  return plan;
}

base::Result<Plan> plan_delete(const resolve::View& view, const DeleteInput& input) {
  const auto record = view.snapshot->find_group(input.team, input.name);
  if (!record) return no_group(input.team, input.name);
  auto allowed = check_manager(*record, input.manager, input.take_over);
  if (!allowed) return base::pass(allowed);
  Plan plan;
  plan.changes.emplace_back(store::DeleteGroup{input.team, input.name, record->version()});
  plan.groups.push_back({input.team, input.name, Fate::kDeleted, record->version(), {}});
  return plan;
}

}  // namespace sutler::admin
