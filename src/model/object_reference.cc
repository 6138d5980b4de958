#include "model/object_reference.h"

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "model/cursor.h"
#include "model/group.h"

namespace sutler::model {
namespace {

using base::append_json_string;
using base::Code;
using base::fail;
using base::Result;
namespace limits = base::limits;

bool is_field(std::string_view name) {
  return !name.empty() && name.size() <= limits::kNameBytesMax && base::is_utf8(name) &&
         !base::has_control(name);
}

Result<void> check_place(const ObjectReference& item) {
  if (!is_group_name(item.from)) return fail(Code::kInvalid, "from is not the name of a source");
  if (item.ref.empty() || item.ref.size() > limits::kPathBytesMax || !base::is_utf8(item.ref) ||
      base::has_control(item.ref)) {
    return fail(Code::kInvalid, "ref must be 1 to " + std::to_string(limits::kPathBytesMax) +
                                    " bytes of UTF-8 without control characters");
  }
  if (item.ref.find('#') != std::string::npos) {
    return fail(Code::kInvalid, "ref names one key, and secretsFrom takes whole objects",
                "leave #KEY out and say only: [KEY], or write a variable {from, ref}");
  }
  if (item.prefix.empty() || is_variable_name(item.prefix)) return {};
  return fail(Code::kInvalid, "no name of a variable can begin with this prefix",
              "letters, digits, dots, underscores and dashes; a letter or underscore in front");
}

Result<void> check_only(const ObjectReference& item) {
  if (item.only.size() + item.rename.size() > limits::kSecretsFromNamesMax) {
    return fail(Code::kTooLarge, "only and rename name more than " +
                                     std::to_string(limits::kSecretsFromNamesMax) + " fields");
  }
  std::set<std::string_view> seen;
  for (const std::string& field : item.only) {
    if (!is_field(field)) return fail(Code::kInvalid, "only holds what is no name of a field");
    if (!seen.insert(field).second) {
      return fail(Code::kInvalid, "only names " + printable(field) + " twice");
    }
  }
  return {};
}

Result<void> check_rename(const ObjectReference& item) {
  std::set<std::string_view> seen;
  for (const auto& [field, variable] : item.rename) {
    if (!is_field(field)) return fail(Code::kInvalid, "rename holds what is no name of a field");
    if (!is_variable_name(variable)) {
      return fail(Code::kInvalid,
                  "rename gives " + printable(field) + " a name that no variable can have");
    }
    if (!seen.insert(variable).second) {
      return fail(Code::kInvalid, "rename gives two fields the name " + variable);
    }
    if (takes(item, field)) continue;
    return fail(Code::kInvalid, "rename names " + printable(field) + ", which only leaves out");
  }
  return {};
}

void append_texts(std::string& out, const std::vector<std::string>& texts) {
  out += '[';
  for (const std::string& text : texts) {
    if (!out.ends_with('[')) out += ',';
    append_json_string(out, text);
  }
  out += ']';
}

void append_item(std::string& out, const ObjectReference& item) {
  append_json_string(out += "{\"from\":", item.from);
  append_json_string(out += ",\"ref\":", item.ref);
  if (!item.prefix.empty()) append_json_string(out += ",\"prefix\":", item.prefix);
  if (!item.only.empty()) append_texts(out += ",\"only\":", item.only);
  if (!item.rename.empty()) {
    out += ",\"rename\":{";
    for (const auto& [field, variable] : item.rename) {
      if (!out.ends_with('{')) out += ',';
      append_json_string(out, field);
      append_json_string(out += ':', variable);
    }
    out += '}';
  }
  if (item.optional) out += ",\"optional\":true";
  if (item.on_conflict != OnConflict::kError) {
    append_json_string(out += ",\"onConflict\":", to_word(item.on_conflict));
  }
  out += '}';
}

}  // namespace

std::string_view to_word(OnConflict on_conflict) {
  switch (on_conflict) {
    case OnConflict::kError: return "error";
    case OnConflict::kKeep: return "keep";
    case OnConflict::kReplace: return "replace";
  }
  return {};
}

std::string variable_of(const ObjectReference& item, std::string_view field) {
  const auto renamed = item.rename.find(field);
  if (renamed != item.rename.end()) return renamed->second;
  return item.prefix + std::string(field);
}

bool takes(const ObjectReference& item, std::string_view field) {
  return item.only.empty() || std::ranges::find(item.only, field) != item.only.end();
}

Result<void> check_secrets_from(const SecretsFrom& items) {
  if (items.size() > limits::kSecretsFromMax) {
    return fail(Code::kTooLarge,
                "secretsFrom has more than " + std::to_string(limits::kSecretsFromMax) + " items");
  }
  for (std::size_t i = 0; i < items.size(); ++i) {
    auto checked = check_place(items[i]);
    if (checked) checked = check_only(items[i]);
    if (checked) checked = check_rename(items[i]);
    if (!checked) return base::pass(checked, "secretsFrom[" + std::to_string(i) + "]");
  }
  return {};
}

std::size_t bytes_of(const SecretsFrom& items) {
  std::size_t bytes = 0;
  for (const ObjectReference& item : items) {
    bytes += item.from.size() + item.ref.size() + item.prefix.size();
    for (const std::string& field : item.only) bytes += field.size();
    for (const auto& [field, variable] : item.rename) bytes += field.size() + variable.size();
  }
  return bytes;
}

std::string write_secrets_from_json(const SecretsFrom& items) {
  std::string out = "[";
  for (const ObjectReference& item : items) {
    if (out.size() > 1) out += ',';
    append_item(out, item);
  }
  return out += ']';
}

}  // namespace sutler::model
