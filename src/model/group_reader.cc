#include "model/group_reader.h"

#include <set>
#include <utility>

#include "base/json.h"
#include "base/json_bounded.h"
#include "model/cursor.h"
#include "model/entry_reader.h"
#include "model/group_rules.h"
#include "model/json_lines.h"
#include "model/secrets_from_reader.h"
#include "model/tree.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

Result<void> read_projects(const Cursor& at, Restrictions& out) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  auto& projects = out.projects.emplace();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (auto read = read_text(at.child(i), projects.emplace_back()); !read) return read;
  }
  return {};
}

constexpr Field<ObjectPattern> kObjectFields[] = {
    {"id", [](const Cursor& at, ObjectPattern& object) { return read_text(at, object.id); }},
    {"type",
     [](const Cursor& at, ObjectPattern& object) -> Result<void> {
       auto read = read_text(at, object.type);
       if (read && object.type.empty()) {
         return at.fail("must not be empty", "leave type out to mean any");
       }
       return read;
     }},
};

// A text is the id alone.
Result<void> read_object(const Cursor& at, ObjectPattern& out) {
  if (at.kind() != Tree::Kind::kMap) return read_text(at, out.id);
  if (auto read = read_fields(at, kObjectFields, out); !read) return read;
  if (out.id.empty()) return at.fail("id is missing", "\"*\" means every object");
  return {};
}

Result<void> read_objects(const Cursor& at, Restrictions& out) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  auto& objects = out.nf_objects.emplace();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (auto read = read_object(at.child(i), objects.emplace_back()); !read) return read;
  }
  return {};
}

constexpr Field<Restrictions> kRestrictionFields[] = {
    {"projects", read_projects},
    {"nfObjects", read_objects},
};

Result<void> read_restrictions(const Cursor& at, Restrictions& out) {
  if (auto read = read_fields(at, kRestrictionFields, out); !read) return read;
  if (auto checked = check_restrictions(out); !checked) return at.pass(checked);
  return {};
}

Result<void> read_variables(const Cursor& at, Group& out) {
  if (auto is_map = at.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor entry = at.child(i);
    if (auto name = check_variable_name(entry.name()); !name) return entry.pass(name);
    auto value = read_value(entry);
    if (!value) return base::pass(value);
    Variable variable{std::move(*value)};
    auto checked = check_variable(entry.name(), variable);
    if (!checked) return entry.pass(checked);
    out.variables.emplace(entry.name(), std::move(variable));
  }
  return {};
}

Result<void> read_files(const Cursor& at, Group& out) {
  if (auto is_map = at.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor entry = at.child(i);
    if (auto path = check_file_path(entry.name()); !path) return entry.pass(path);
    auto file = read_file_entry(entry);
    if (!file) return base::pass(file);
    if (auto checked = check_file(*file); !checked) return entry.pass(checked);
    out.files.emplace(entry.name(), std::move(*file));
  }
  return {};
}

constexpr Field<Group> kSecretsFields[] = {
    {"variables", read_variables},
    {"files", read_files},
};

Result<void> read_type(const Cursor& at, Group& out) {
  auto word = at.text();
  if (!word) return base::pass(word);
  for (const GroupType type : {GroupType::kSecret, GroupType::kConfig}) {
    if (*word != to_word(type)) continue;
    out.header.type = type;
    return {};
  }
  return at.fail("not a type of groups", "secret or config");
}

Result<void> read_priority(const Cursor& at, Group& out) {
  auto number = at.whole_number();
  if (!number) return base::pass(number);
  if (*number < 0 || *number > limits::kPriorityMax) {
    return at.fail("must be 0 to " + std::to_string(limits::kPriorityMax));
  }
  out.header.priority = static_cast<int>(*number);
  return {};
}

Result<void> read_required_keys(const Cursor& at, Group& out) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  for (std::size_t i = 0; i < at.size(); ++i) {
    auto read = read_text(at.child(i), out.header.required_keys.emplace_back());
    if (!read) return read;
  }
  return {};
}

// A member that says something, once it is there.
Result<void> read_word(const Cursor& at, std::string& out) {
  auto read = read_text(at, out);
  if (read && out.empty()) return at.fail("must not be empty", "leave the member out");
  return read;
}

constexpr Field<Group> kGroupFields[] = {
    {"name", [](const Cursor& at, Group& group) { return read_word(at, group.header.name); }},
    {"team", [](const Cursor& at, Group& group) { return read_word(at, group.header.team); }},
    {"description",
     [](const Cursor& at, Group& group) { return read_text(at, group.header.description); }},
    {"type", read_type},
    {"priority", read_priority},
    {"restrictions", [](const Cursor& at,
                        Group& group) { return read_restrictions(at, group.header.restrictions); }},
    {"requiredKeys", read_required_keys},
    {"managedBy",
     [](const Cursor& at, Group& group) { return read_word(at, group.header.managed_by); }},
    {"secrets",
     [](const Cursor& at, Group& group) { return read_fields(at, kSecretsFields, group); }},
    {"secretsFrom",
     [](const Cursor& at, Group& group) { return read_secrets_from(at, group.secrets_from); }},
};

Result<Group> read_group(const Cursor& at, std::string_view team) {
  Group group;
  group.header.team = team;
  if (auto read = read_fields(at, kGroupFields, group); !read) return base::pass(read);
  if (group.header.name.empty()) return at.fail("name is missing");
  if (auto checked = validate(group); !checked) return at.pass(checked);
  return group;
}

struct GroupList {
  std::string_view team;  // of groups that name none
  std::vector<Group> groups;
};

Result<void> read_group_list(const Cursor& at, GroupList& out) {
  if (auto is_list = at.require_list(); !is_list) return is_list;
  std::set<std::pair<std::string, std::string>> names;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor item = at.child(i);
    auto group = read_group(item, out.team);
    if (!group) return base::pass(group);
    if (!names.emplace(group->header.team, group->header.name).second) {
      return item.fail("group " + group->header.name + " is in this file twice");
    }
    out.groups.push_back(std::move(*group));
  }
  return {};
}

constexpr Field<GroupList> kFileFields[] = {{"groups", read_group_list}};

bool is_list_of_groups(const Tree& root) {
  for (const std::string_view name : root.names) {
    if (name == "groups") return true;
  }
  return false;
}

Result<std::vector<Group>> read_groups(const Tree& root, std::string_view where,
                                       std::string_view team) {
  const Cursor at(root, where);
  GroupList list{team, {}};
  if (is_list_of_groups(root)) {
    if (auto read = read_fields(at, kFileFields, list); !read) return base::pass(read);
    return std::move(list.groups);
  }
  auto group = read_group(at, team);
  if (!group) return base::pass(group);
  list.groups.push_back(std::move(*group));
  return std::move(list.groups);
}

}  // namespace

Result<std::vector<Group>> read_groups_json(std::string_view text, std::string_view where,
                                            std::string_view team) {
  if (text.size() > limits::kAdminBodyBytesMax) {
    return fail(Code::kTooLarge, std::string(where) + " is larger than " +
                                     std::to_string(limits::kAdminBodyBytesMax) + " bytes");
  }
  auto value = base::parse_bounded_json(text);
  if (!value) return base::pass(value, where);
  Tree root = tree_of(*value);
  add_lines(root, text);
  return read_groups(root, where, team);
}

Result<std::vector<Group>> read_groups_yaml(std::string_view text, std::string_view where,
                                            std::string_view team) {
  auto document = read_yaml(text, where);
  if (!document) return base::pass(document);
  return read_groups(document->root, where, team);
}

Result<Group> group_from_json(const boost::json::value& tree, std::string_view where) {
  const Tree root = tree_of(tree);
  return read_group(Cursor(root, where), GroupHeader().team);
}

Result<Variable> variable_from_json(const boost::json::value& tree, std::string_view where) {
  const Tree root = tree_of(tree);
  const Cursor at(root, where);
  auto value = read_value(at);
  if (!value) return base::pass(value);
  Variable variable{std::move(*value)};
  if (auto checked = check_variable("", variable); !checked) return at.pass(checked);
  return variable;
}

Result<File> file_from_json(const boost::json::value& tree, std::string_view where) {
  const Tree root = tree_of(tree);
  const Cursor at(root, where);
  auto file = read_file_entry(at);
  if (!file) return base::pass(file);
  if (auto checked = check_file(*file); !checked) return at.pass(checked);
  return file;
}

Result<Restrictions> restrictions_from_json(const boost::json::value& tree,
                                            std::string_view where) {
  const Tree root = tree_of(tree);
  Restrictions restrictions;
  auto read = read_restrictions(Cursor(root, where), restrictions);
  if (!read) return base::pass(read);
  return restrictions;
}

Result<SecretsFrom> secrets_from_from_json(const boost::json::value& tree, std::string_view where) {
  const Tree root = tree_of(tree);
  const Cursor at(root, where);
  SecretsFrom items;
  if (auto read = read_secrets_from(at, items); !read) return base::pass(read);
  if (auto checked = check_secrets_from(items); !checked) return at.pass(checked);
  return items;
}

}  // namespace sutler::model
