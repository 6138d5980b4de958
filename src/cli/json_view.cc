#include "cli/json_view.h"

#include <boost/json/serialize.hpp>

#include "cli/output.h"

namespace sutler::cli {

namespace json = boost::json;

const json::value& member(const json::value& tree, std::string_view name) {
  static const json::value null;
  const json::object* object = tree.if_object();
  if (object == nullptr) return null;
  const json::value* found = object->if_contains({name.data(), name.size()});
  return found == nullptr ? null : *found;
}

std::string shown(const json::value& tree) {
  if (const json::string* text = tree.if_string()) return {text->data(), text->size()};
  if (tree.is_null() || tree.is_object() || tree.is_array()) return {};
  return json::serialize(tree);
}

std::string shown(const json::value& tree, std::string_view name) {
  return shown(member(tree, name));
}

std::vector<const json::value*> items(const json::value& tree, std::string_view name) {
  std::vector<const json::value*> all;
  if (const json::array* array = member(tree, name).if_array()) {
    for (const json::value& item : *array) all.push_back(&item);
  }
  return all;
}

std::vector<std::string> texts(const json::value& tree, std::string_view name) {
  std::vector<std::string> all;
  for (const auto* item : items(tree, name)) all.push_back(shown(*item));
  return all;
}

bool is_true(const json::value& tree, std::string_view name) {
  const bool* flag = member(tree, name).if_bool();
  return flag != nullptr && *flag;
}

std::string restrictions_text(const json::value& restrictions) {
  std::vector<std::string> parts;
  const auto projects = texts(restrictions, "projects");
  if (!projects.empty()) parts.push_back("projects " + joined(projects, ", "));
  std::vector<std::string> objects;
  for (const auto* object : items(restrictions, "nfObjects")) {
    const std::string type = shown(*object, "type");
    objects.push_back(shown(*object, "id") + (type.empty() ? "" : " (" + type + ")"));
  }
  if (!objects.empty()) parts.push_back("objects " + joined(objects, ", "));
  return parts.empty() ? "everyone" : joined(parts, "; ");
}

std::string damaged_text(const boost::json::value& tree) {
  const std::string count = shown(tree, "damaged");
  if (count.empty()) return {};
  std::string rows;
  for (const auto* row : items(tree, "damaged_rows")) {
    rows += (rows.empty() ? "" : "; ") + shown(*row, "kind") + " " + shown(*row, "name");
    if (const auto team = shown(*row, "team"); !team.empty()) rows += " of team " + team;
    rows += ", version " + shown(*row, "version");
  }
  return "older versions that do not open: " + count + " (" + rows + ")";
}

}  // namespace sutler::cli
