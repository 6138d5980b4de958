#include "source/json_document.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <string>

#include "base/json.h"

namespace sutler::source {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

std::size_t after_space(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text[at])) ++at;
  return at;
}

// Behind the string that begins at `at`.
std::size_t after_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at) {
    if (text[at] == '\\') ++at;
  }
  return std::min(at + 1, text.size());
}

// Behind the value that begins at `at`; the text is known to be valid.
std::size_t after_value(std::string_view text, std::size_t at) {
  int depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = after_string(text, at);
      if (depth == 0) return at;
      continue;
    }
    const bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
    if (depth == 0 && !opens && (closes || c == ',' || is_space(c))) return at;
    depth += opens ? 1 : 0;
    depth -= closes ? 1 : 0;
    ++at;
    if (closes && depth == 0) return at;
  }
  return at;
}

base::Secret compact(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t at = 0; at < json.size();) {
    if (json[at] == '"') {
      const std::size_t end = after_string(json, at);
      out.append(json.substr(at, end - at));
      at = end;
    } else {
      if (!is_space(json[at])) out.push_back(json[at]);
      ++at;
    }
  }
  return base::Secret(std::move(out));
}

// The fields of the object in `json`, which `object` is.
std::vector<Document::Field> fields_of(std::string_view json, const boost::json::object& object) {
  std::vector<Document::Field> fields;
  fields.reserve(object.size());
  const auto raw = raw_members(json);
  std::size_t index = 0;
  for (const auto& member : object) {  // in the order of the text
    const std::string_view text = index < raw.size() ? raw[index].value : std::string_view();
    ++index;
    if (member.value().is_null()) continue;
    const std::string name(member.key());
    if (const auto* string = member.value().if_string()) {
      fields.push_back({name, base::Secret(std::string_view(string->data(), string->size()))});
    } else {
      fields.push_back({name, compact(text)});
    }
  }
  std::ranges::sort(fields, {}, &Document::Field::name);
  return fields;
}

}  // namespace

std::vector<RawMember> raw_members(std::string_view json) {
  std::vector<RawMember> members;
  std::size_t at = after_space(json, 0);
  if (at >= json.size() || json[at] != '{') return members;
  at = after_space(json, at + 1);
  while (at < json.size() && json[at] == '"') {
    const std::size_t name_end = after_string(json, at);
    const std::string_view name = json.substr(at, name_end - at);
    at = after_space(json, name_end);
    if (at >= json.size() || json[at] != ':') return {};
    at = after_space(json, at + 1);
    const std::size_t value_end = after_value(json, at);
    members.push_back({name, json.substr(at, value_end - at)});
    at = after_space(json, value_end);
    if (at >= json.size() || json[at] != ',') break;
    at = after_space(json, at + 1);
  }
  return members;
}

std::string_view raw_member(std::string_view json, std::string_view name) {
  for (const auto& member : raw_members(json)) {
    if (member.name.substr(1, member.name.size() - 2) == name) return member.value;
  }
  return {};
}

std::optional<Document> document_of_object(std::string_view json) {
  const auto value = base::parse_json(json);
  if (!value || !value->is_object()) return std::nullopt;
  Document document;
  document.bytes = compact(json);
  document.fields = fields_of(json, value->get_object());
  return document;
}

Document document_of_text(base::Secret text) {
  Document document;
  const std::string_view json = text.expose();
  const std::size_t first = after_space(json, 0);
  if (first < json.size() && json[first] == '{') {
    const auto value = base::parse_json(json);
    if (value && value->is_object()) document.fields = fields_of(json, value->get_object());
  }
  document.bytes = std::move(text);
  return document;
}

}  // namespace sutler::source
