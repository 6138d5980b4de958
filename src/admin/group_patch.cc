#include "admin/group_patch.h"

#include "admin/group_rules.h"
#include "model/group_reader.h"

namespace sutler::admin {
namespace {

namespace json = boost::json;

base::Unexpected no_entry(const model::Group& group, const char* kind, const std::string& key) {
  return base::fail(base::Code::kNotFound, std::string(kind) + " " + key + " is not in group \"" +
                                               group.header.name + "\"");
}

// A merge, as RFC 7396 has it: what describes a file and is not given stays, null takes it away.
// New data has an encoding of its own.
void keep_members(const json::object& given, const model::File& before, model::File& file) {
  if (!given.contains("owner")) file.owner = before.owner;
  if (!given.contains("group")) file.group = before.group;
  if (!given.contains("permissions")) file.permissions = before.permissions;
}

json::value without_nulls(const json::value& tree) {
  json::value copy = tree;
  auto* object = copy.if_object();
  if (object == nullptr) return copy;
  for (const char* member : {"owner", "group", "permissions"}) {
    const auto* found = object->if_contains(member);
    if (found != nullptr && found->is_null()) object->erase(member);
  }
  return copy;
}

base::Result<model::Variable> read_over(const json::value& tree, const std::string& where,
                                        const model::Variable*) {
  return model::variable_from_json(tree, where);
}

base::Result<model::File> read_over(const json::value& tree, const std::string& where,
                                    const model::File* before) {
  auto file = model::file_from_json(without_nulls(tree), where);
  const auto* object = tree.if_object();
  if (!file || before == nullptr || object == nullptr) return file;
  const auto* masked = std::get_if<model::Masked>(&file->data);
  if (masked == nullptr || !masked->whole_file) keep_members(*object, *before, *file);
  return file;
}

// `variables` or `files` of the body onto the group's.
template <class Entry>
base::Result<void> patch_entries(BodyReader& body, const char* member, const char* kind,
                                 model::Group& group,
                                 std::map<std::string, Entry, std::less<>>& entries) {
  const json::value* tree = body.find(member);
  if (tree == nullptr) return {};
  const json::object* object = tree->if_object();
  if (object == nullptr) {
    return base::fail(base::Code::kInvalid,
                      "body: member \"" + std::string(member) + "\" must be an object");
  }
  for (const auto& item : *object) {
    const std::string key(item.key().data(), item.key().size());
    if (item.value().is_null()) {
      if (entries.erase(key) == 0) return no_entry(group, kind, key);
      continue;
    }
    const auto before = entries.find(key);
    auto entry = read_over(item.value(), std::string(member) + "." + key,
                           before == entries.end() ? nullptr : &before->second);
    if (!entry) return base::pass(entry);
    entries.insert_or_assign(key, std::move(*entry));
  }
  return {};
}

base::Result<void> patch_type(BodyReader& body, model::GroupHeader& header) {
  const auto word = body.text("type");
  if (!word) return {};
  for (const auto type : {model::GroupType::kSecret, model::GroupType::kConfig}) {
    if (*word != model::to_word(type)) continue;
    header.type = type;
    return {};
  }
  body.refuse("body: member \"type\" must be secret or config");
  return {};
}

void patch_description(BodyReader& body, model::GroupHeader& header) {
  const auto* value = body.find("description");
  if (value == nullptr) return;
  header.description.clear();
  if (!value->is_null()) header.description = body.text("description").value_or(std::string());
}

// Flags that name workloads are for a new group: an existing one is for whom it says, and a second
// `--object` must not open it to every project.
base::Result<void> keep_restrictions(const model::Restrictions& next, const model::Group* current) {
  if (current == nullptr || next == current->header.restrictions) return {};
  return base::fail(base::Code::kConflict,
                    "group \"" + current->header.name + "\" exists and is for other workloads",
                    "leave --project, --object and --everyone out, or change whom it is for with "
                    "`sutler group apply`");
}

base::Result<void> patch_restrictions(BodyReader& body, model::GroupHeader& header,
                                      const model::Group* current) {
  const bool everyone = body.flag("everyone").value_or(false);
  const json::value* tree = body.find("restrictions");
  if (tree != nullptr && everyone) {
    return base::fail(base::Code::kInvalid, "restrictions and everyone exclude each other");
  }
  if (tree != nullptr) {
    auto restrictions = model::restrictions_from_json(*tree, "restrictions");
    if (!restrictions) return base::pass(restrictions);
    if (!restrictions->projects && !restrictions->nf_objects) {
      return base::fail(base::Code::kInvalid, "restrictions: names nobody",
                        "everyone: true says that a group is for all workloads of the team");
    }
    header.restrictions = std::move(*restrictions);
  } else if (everyone) {
    header.restrictions = {};
  } else if (current == nullptr) {
    return base::fail(base::Code::kInvalid, "a new group needs restrictions, or everyone: true",
                      "--project P, --object O, or --everyone");
  }
  return keep_restrictions(header.restrictions, current);
}

// A list takes the place of the one that is there, null takes it away.
base::Result<void> patch_secrets_from(BodyReader& body, model::Group& group) {
  const json::value* tree = body.find("secretsFrom");
  if (tree == nullptr) return {};
  group.secrets_from.clear();
  if (tree->is_null()) return {};
  auto items = model::secrets_from_from_json(*tree, "secretsFrom");
  if (!items) return base::pass(items);
  group.secrets_from = std::move(*items);
  return {};
}

}  // namespace

base::Result<model::Group> patched_group(BodyReader& body, const model::Group* current,
                                         const std::string& team, const std::string& name) {
  const bool create = body.flag("create").value_or(false);
  if (current == nullptr && !create) {
    auto missing = no_group(team, name);
    missing.error().hint = "`sutler set` and `sutler file put` make it with --create";
    return missing;
  }
  model::Group group;
  if (current != nullptr) group = model::clone(*current);
  group.header.team = team;
  group.header.name = name;
  auto done = patch_restrictions(body, group.header, current);
  if (done) done = patch_type(body, group.header);
  patch_description(body, group.header);
  const auto priority = body.whole("priority", 0, base::limits::kPriorityMax);
  if (priority) group.header.priority = static_cast<int>(*priority);
  if (done) done = patch_entries(body, "variables", "variable", group, group.variables);
  if (done) done = patch_entries(body, "files", "file", group, group.files);
  if (done) done = patch_secrets_from(body, group);
  if (!done) return base::pass(done);
  auto finished = body.finish();
  if (!finished) return base::pass(finished);
  return group;
}

}  // namespace sutler::admin
