#include "cli/import_merge.h"

#include <utility>

namespace sutler::cli {
namespace {

using base::Code;
using base::fail;

base::Result<model::Group> new_group(ImportItem item, const ImportRules& rules) {
  model::GroupHeader& header = item.group.header;
  if (rules.create == Create::kNo) {
    return fail(Code::kNotFound, "there is no group " + header.name + " in team " + header.team,
                item.says == Says::kEntries
                    ? "--create makes it, with --project, --object or --everyone"
                    : "--create makes it");
  }
  if (item.says == Says::kEntries) {
    const std::string team = header.team, name = header.name;
    header = rules.header;
    header.team = team;
    header.name = name;
  }
  return std::move(item.group);
}

base::Result<void> keep_header(const ImportItem& item, const model::GroupHeader& current,
                               const ImportRules& rules) {
  const model::GroupHeader& said =
      item.says == Says::kWholeGroup ? item.group.header : rules.header;
  const std::string group = item.where + ": group " + current.name;
  if (said.restrictions != current.restrictions) {
    return fail(Code::kConflict, group + " exists and is for other workloads",
                item.says == Says::kWholeGroup
                    ? "--replace makes it as the file says, or import it under another name"
                    : "leave --project, --object and --everyone out, or change whom it is for "
                      "with `sutler group apply`");
  }
  if (item.says == Says::kEntries) return {};
  if (said.priority != current.priority || said.type != current.type) {
    return fail(Code::kConflict, group + " exists with another priority or type",
                "--replace makes it as the file says");
  }
  return {};
}

// The group as the file has it, with what the file's format has no word for.
void take_header(model::GroupHeader& header, const model::GroupHeader& current) {
  header.required_keys = current.required_keys;
  header.managed_by = current.managed_by;
  if (header.description.empty()) header.description = current.description;
}

void keep_members(model::File& file, const model::File& before) {
  if (!file.owner) file.owner = before.owner;
  if (!file.group) file.group = before.group;
  if (!file.permissions) file.permissions = before.permissions;
}

void keep_entries(model::Group& group, const model::Group& current) {
  for (const auto& [name, variable] : current.variables) {
    group.variables.try_emplace(name, model::Variable{model::Masked{}});
  }
  for (const auto& [path, file] : current.files) {
    if (group.files.contains(path)) continue;
    model::File kept;
    kept.data = model::Masked{.whole_file = true};
    group.files.emplace(path, std::move(kept));
  }
  if (group.secrets_from.empty()) group.secrets_from = current.secrets_from;
}

}  // namespace

base::Result<model::Group> merged_group(ImportItem item, const model::Group* current,
                                        const ImportRules& rules) {
  if (current == nullptr) return new_group(std::move(item), rules);
  const bool takes_header = item.says == Says::kWholeGroup && rules.replace == Replace::kYes;
  if (!takes_header && (item.says == Says::kWholeGroup || rules.says_for_whom)) {
    auto kept = keep_header(item, current->header, rules);
    if (!kept) return base::pass(kept);
  }
  model::Group group = std::move(item.group);
  if (takes_header) {
    take_header(group.header, current->header);
  } else {
    group.header = current->header;
  }
  if (rules.changes_manager) group.header.managed_by.clear();
  for (auto& [path, file] : group.files) {
    const auto before = current->files.find(path);
    if (before != current->files.end()) keep_members(file, before->second);
  }
  if (rules.replace == Replace::kNo) keep_entries(group, *current);
  return group;
}

}  // namespace sutler::cli
