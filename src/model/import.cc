// The flat formats.
#include "model/import.h"

#include "base/json.h"
#include "base/json_bounded.h"
#include "base/utf8.h"
#include "model/cursor.h"
#include "model/dotenv.h"
#include "model/entry_reader.h"
#include "model/group_rules.h"
#include "model/json_lines.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;

Result<void> check_size(std::string_view text, std::string_view where) {
  if (text.size() <= base::limits::kAdminBodyBytesMax) return {};
  return fail(Code::kTooLarge, std::string(where) + " is larger than " +
                                   std::to_string(base::limits::kAdminBodyBytesMax) + " bytes");
}

Result<Group> from_dotenv(std::string_view text, std::string_view where) {
  if (!base::is_utf8(text)) return fail(Code::kInvalid, std::string(where) + ": not valid UTF-8");
  Group group;
  for (DotenvEntry& entry : read_dotenv(text)) {
    const std::string place = std::string(where) + ": " + printable(entry.name);
    if (auto name = check_variable_name(entry.name); !name) return base::pass(name, place);
    Variable variable{Literal{std::move(entry.value)}};
    if (auto good = check_variable(entry.name, variable); !good) return base::pass(good, place);
    group.variables.emplace(std::move(entry.name), std::move(variable));
  }
  return group;
}

// A text, or a mask; an object with more to say would not be flat.
Result<Value> read_flat_value(const Cursor& at) {
  if (at.kind() == Tree::Kind::kNumber || at.kind() == Tree::Kind::kBool) {
    return at.fail("must be a text", "put it in quotes, as it is to arrive");
  }
  auto value = read_value(at);
  if (!value || at.kind() != Tree::Kind::kMap) return value;
  if (std::holds_alternative<Masked>(*value)) return value;
  return at.fail("must be a text", "templates and references are for `sutler group apply`");
}

Result<Group> from_tree(const Tree& root, std::string_view where) {
  const Cursor at(root, where);
  if (auto is_map = at.require_map(); !is_map) return base::pass(is_map);
  Group group;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor entry = at.child(i);
    if (auto name = check_variable_name(entry.name()); !name) return entry.pass(name);
    auto value = read_flat_value(entry);
    if (!value) return base::pass(value);
    Variable variable{std::move(*value)};
    if (auto good = check_variable(entry.name(), variable); !good) return entry.pass(good);
    group.variables.emplace(entry.name(), std::move(variable));
  }
  return group;
}

Result<Group> from_json(std::string_view text, std::string_view where) {
  auto value = base::parse_bounded_json(text);
  if (!value) return base::pass(value, where);
  Tree root = tree_of(*value);
  add_lines(root, text);
  return from_tree(root, where);
}

Result<Group> from_yaml(std::string_view text, std::string_view where) {
  auto document = read_yaml(text, where);
  if (!document) return base::pass(document);
  return from_tree(document->root, where);
}

}  // namespace

std::vector<std::string> dotenv_warnings(std::string_view text) {
  std::vector<std::string> out;
  for (const DotenvEntry& entry : read_dotenv(text)) {
    if (entry.times > 1) {
      out.push_back(printable(entry.name) + " is there " + std::to_string(entry.times) +
                    " times: the last one counts");
    }
    if (entry.lost_returns) {
      out.push_back(printable(entry.name) + ": its lines end in CR LF in the file and in LF now");
    }
  }
  return out;
}

std::optional<ImportFormat> import_format_from(std::string_view word) {
  if (word == "dotenv") return ImportFormat::kDotenv;
  if (word == "json") return ImportFormat::kJson;
  if (word == "yaml") return ImportFormat::kYaml;
  if (word == "northflank") return ImportFormat::kNorthflank;
  return std::nullopt;
}

Result<Group> read_flat(ImportFormat format, std::string_view text, std::string_view where) {
  if (auto fits = check_size(text, where); !fits) return base::pass(fits);
  auto group = format == ImportFormat::kDotenv ? from_dotenv(text, where)
               : format == ImportFormat::kJson ? from_json(text, where)
                                               : from_yaml(text, where);
  if (group && group->variables.empty()) {
    return fail(Code::kInvalid, std::string(where) + ": there is no variable in it",
                "is it the right file, and --format the right word?");
  }
  return group;
}

}  // namespace sutler::model
