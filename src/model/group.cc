#include "model/group.h"

#include <algorithm>

#include "base/utf8.h"
#include "model/cursor.h"
#include "model/group_rules.h"
#include "model/team.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_character(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || c == '.' || c == '-';
}

std::size_t bytes_of(const Value& value) {
  if (const auto* literal = std::get_if<Literal>(&value)) return literal->text.size();
  if (const auto* reference = std::get_if<Reference>(&value)) {
    return reference->ref.size() + (reference->fallback ? reference->fallback->size() : 0);
  }
  std::size_t bytes = 0;
  if (const auto* made = std::get_if<Template>(&value)) {
    bytes = made->text.size();
    for (const base::Secret& secret : made->generated) bytes += secret.size();
  }
  return bytes;
}

Result<void> check_description(const std::string& description) {
  if (description.size() > limits::kDescriptionBytesMax) {
    return fail(Code::kTooLarge, "description is longer than " +
                                     std::to_string(limits::kDescriptionBytesMax) + " bytes");
  }
  if (base::is_utf8(description) && !base::has_control(description)) return {};
  return fail(Code::kInvalid, "description must be one line of UTF-8 without control characters");
}

Result<void> check_required_keys(const std::vector<std::string>& keys) {
  if (keys.size() > limits::kGroupEntriesMax) {
    return fail(Code::kTooLarge,
                "more than " + std::to_string(limits::kGroupEntriesMax) + " requiredKeys");
  }
  std::vector<std::string_view> sorted(keys.begin(), keys.end());
  std::ranges::sort(sorted);
  if (std::ranges::adjacent_find(sorted) != sorted.end()) {
    return fail(Code::kInvalid, "requiredKeys names a key twice");
  }
  for (const std::string& key : keys) {
    auto checked = key.starts_with('/') ? check_file_path(key) : check_variable_name(key);
    if (!checked) return base::pass(checked, "requiredKeys");
  }
  return {};
}

Result<void> check_header(const GroupHeader& header) {
  if (auto team = validate_team_id(header.team); !team) return team;
  if (auto description = check_description(header.description); !description) return description;
  if (header.priority < 0 || header.priority > limits::kPriorityMax) {
    return fail(Code::kInvalid, "priority must be 0 to " + std::to_string(limits::kPriorityMax));
  }
  auto restrictions = check_restrictions(header.restrictions);
  if (!restrictions) return base::pass(restrictions, "restrictions");
  if (!header.managed_by.empty() && !is_group_name(header.managed_by)) {
    return fail(Code::kInvalid, "managedBy is not a name",
                "letters, digits, dots, underscores and dashes");
  }
  return check_required_keys(header.required_keys);
}

Result<void> check_entries(const Group& group) {
  if (group.variables.size() + group.files.size() > limits::kGroupEntriesMax) {
    return fail(Code::kTooLarge,
                "more than " + std::to_string(limits::kGroupEntriesMax) + " entries");
  }
  std::size_t bytes = bytes_of(group.secrets_from);
  std::size_t names_bytes = 0;
  for (const auto& [name, variable] : group.variables) {
    auto checked = check_variable_name(name);
    if (checked) checked = check_variable(name, variable);
    if (!checked) return base::pass(checked, "variable " + printable(name));
    names_bytes += name.size();
    bytes += bytes_of(variable.value);
  }
  for (const auto& [path, file] : group.files) {
    auto checked = check_file_path(path);
    if (checked) checked = check_file(file);
    if (!checked) return base::pass(checked, "file " + printable(path));
    names_bytes += path.size();
    bytes += bytes_of(file.data);
  }
  if (names_bytes > limits::kGroupNamesBytesMax) {
    return fail(Code::kTooLarge,
                "the names of its entries are together longer than " +
                    std::to_string(limits::kGroupNamesBytesMax) +
                    " bytes, which is what the audit can record of a fetch",
                "use shorter paths, or several groups");
  }
  if (names_bytes + bytes <= limits::kGroupBytesMax) return {};
  return fail(Code::kTooLarge, "larger than " + std::to_string(limits::kGroupBytesMax) + " bytes");
}

}  // namespace

std::string_view to_word(GroupType type) {
  return type == GroupType::kConfig ? "config" : "secret";
}

Group clone(const Group& group) {
  Group copy{group.header, {}, {}, group.secrets_from};
  for (const auto& [name, variable] : group.variables)
    copy.variables.emplace(name, clone(variable));
  for (const auto& [path, file] : group.files) copy.files.emplace(path, clone(file));
  return copy;
}

bool equal(const Group& a, const Group& b) {
  const auto same_variable = [](const auto& x, const auto& y) {
    return x.first == y.first && equal(x.second.value, y.second.value);
  };
  const auto same_file = [](const auto& x, const auto& y) {
    return x.first == y.first && equal(x.second, y.second);
  };
  return a.header == b.header && std::ranges::equal(a.variables, b.variables, same_variable) &&
         std::ranges::equal(a.files, b.files, same_file) && a.secrets_from == b.secrets_from;
}

Result<void> validate(const Group& group) {
  if (!is_group_name(group.header.name)) {
    return fail(Code::kInvalid, base::quote_name(group.header.name) + " is not the name of a group",
                "1 to " + std::to_string(limits::kNameBytesMax) +
                    " letters, digits, dots, underscores and dashes; no dot or dash in front");
  }
  auto checked = check_header(group.header);
  if (checked) checked = check_secrets_from(group.secrets_from);
  if (checked) checked = check_entries(group);
  if (!checked) return base::pass(checked, "group " + group.header.name);
  return {};
}

std::vector<std::string> warnings(const Group& group) {
  std::vector<std::string> out;
  const std::string name = "group " + group.header.name;
  for (const auto& [key, variable] : group.variables) {
    if (key.starts_with("NF_")) {
      out.push_back(name + " sets " + key + ", but NF_ names are Northflank's own");
    }
  }
  const Restrictions& restrictions = group.header.restrictions;
  if (!restrictions.projects && !restrictions.nf_objects) {
    out.push_back(name + " has no restrictions: every workload of team " + group.header.team +
                  " gets it");
  }
  return out;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::kNameBytesMax &&
         (is_letter(name.front()) || name.front() == '_') &&
         std::ranges::all_of(name, is_name_character);
}

bool is_file_path(std::string_view path) {
  if (path.size() < 2 || path.size() > limits::kPathBytesMax || path.front() != '/' ||
      !base::is_utf8(path) || base::has_control(path)) {
    return false;
  }
  path.remove_prefix(1);
  for (;;) {
    const std::string_view part = path.substr(0, path.find('/'));
    if (part.empty() || part == "." || part == "..") return false;
    if (part.size() == path.size()) return true;
    path.remove_prefix(part.size() + 1);
  }
}

bool is_group_name(std::string_view name) {
  return !name.empty() && name.size() <= limits::kNameBytesMax && name.front() != '.' &&
         name.front() != '-' && std::ranges::all_of(name, is_name_character);
}

}  // namespace sutler::model
