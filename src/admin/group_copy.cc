#include "admin/group_copy.h"

#include "admin/group_rules.h"
#include "model/template_syntax.h"

namespace sutler::admin {
namespace {

using base::Code;

bool is_empty(const model::Value& value) {
  const auto* literal = std::get_if<model::Literal>(&value);
  return literal != nullptr && literal->text.empty();
}

// The value of the copy; false when something was left behind.
bool convert(model::Value& value, CopyValues values, model::GroupType type) {
  if (values == CopyValues::kSame) return true;
  if (values == CopyValues::kNew) {
    if (auto* made = std::get_if<model::Template>(&value)) {
      made->generated.clear();
      return true;
    }
    if (!std::holds_alternative<model::Literal>(value)) return true;  // says where, not what
    if (type == model::GroupType::kConfig) return true;
  }
  const bool was_empty = is_empty(value);
  value = model::Literal{base::Secret()};
  return was_empty;
}

std::string emptied_warning(const Copy& copy) {
  constexpr std::size_t kNamesMax = 20;
  std::string names;
  for (std::size_t i = 0; i < copy.emptied.size() && i < kNamesMax; ++i) {
    names += (i == 0 ? "" : ", ") + copy.emptied[i];
  }
  if (copy.emptied.size() > kNamesMax) {
    names += " and " + std::to_string(copy.emptied.size() - kNamesMax) + " more";
  }
  return "group \"" + copy.group.header.name + "\": these are empty until you set them: " + names;
}

base::Result<void> check_target(const resolve::View& view, const CopyInput& input) {
  // Of one that he may not see, plan_apply() says no more than that it is out of his scope.
  const auto there = view.snapshot->find_group(input.to_team, input.to);
  if (there && may_see(input.who, there->header())) {
    return base::fail(
        Code::kConflict,
        "there is a group \"" + input.to + "\" in team \"" + input.to_team + "\" already",
        "delete it first, or give the copy another name", "exists");
  }
  if (input.to_team != input.from_team && !input.projects &&
      input.whom == CopyInput::For::kAsGiven) {
    return base::fail(Code::kInvalid, "a copy for another team must say for which projects it is",
                      "give `projects` (--project P), or `everyone: true` (--everyone)");
  }
  return {};
}

}  // namespace

Copy copy_of(const model::Group& original, const CopyInput& input) {
  Copy copy{model::clone(original), {}};
  model::GroupHeader& header = copy.group.header;
  header.team = input.to_team;
  header.name = input.to;
  header.managed_by = input.manager;
  if (input.projects) header.restrictions.projects = input.projects;
  if (input.whom == CopyInput::For::kEveryone) header.restrictions.projects.reset();
  for (auto& [name, variable] : copy.group.variables) {
    if (!convert(variable.value, input.values, header.type)) copy.emptied.push_back(name);
  }
  for (auto& [path, file] : copy.group.files) {
    if (!convert(file.data, input.values, header.type)) copy.emptied.push_back(path);
  }
  return copy;
}

base::Result<Plan> plan_copy(const resolve::View& view, const CopyInput& input) {
  const auto record = view.snapshot->find_group(input.from_team, input.from);
  if (!record) return no_group(input.from_team, input.from);
  auto fits = check_target(view, input);
  if (!fits) return base::pass(fits);
  auto original = record->open();
  if (!original) return base::pass(original, "group \"" + input.from + "\"");
  Copy copy = copy_of(*original, input);
  std::string warning = copy.emptied.empty() ? std::string() : emptied_warning(copy);
  ApplyInput apply{.who = input.who};
  const model::Restrictions copied_restrictions = copy.group.header.restrictions;
  apply.groups.push_back(std::move(copy.group));
  apply.manager = input.manager;
  auto plan = plan_apply(view, std::move(apply));
  if (!plan) return plan;
  if (!warning.empty()) plan->warnings.insert(plan->warnings.begin(), std::move(warning));
  plan->message = "copy";
  // Whoever reads the history of the copy sees its message, and need not see where it came from.
  const bool same_readers =
      input.from_team == input.to_team && record->header().restrictions == copied_restrictions;
  if (same_readers) plan->message += " of " + input.from;
  return plan;
}

}  // namespace sutler::admin
