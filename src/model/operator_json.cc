#include "model/operator_json.h"

#include "base/json.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace sutler::model {
namespace {

namespace json = boost::json;
using base::Code;
using base::fail;

void append_patterns(std::string& out, std::string_view name,
                     const std::vector<std::string>& patterns) {
  if (patterns.empty()) return;
  out += out.back() == '{' ? "\"" : ",\"";
  out.append(name).append("\":[");
  for (const auto& pattern : patterns) {
    if (out.back() != '[') out += ',';
    base::append_json_string(out, pattern);
  }
  out += ']';
}

base::Result<void> read_patterns(const json::value& tree, const std::string& where,
                                 std::vector<std::string>& out) {
  const json::array* list = tree.if_array();
  if (list == nullptr || list->empty()) {
    return fail(Code::kInvalid, where + " must be a list of at least one name or glob",
                "leave it out where it shall not limit anything");
  }
  for (const json::value& item : *list) {
    const json::string* text = item.if_string();
    if (text == nullptr) return fail(Code::kInvalid, where + " must be a list of strings");
    out.emplace_back(text->data(), text->size());
  }
  return {};
}

base::Result<Scope> read_scope(const json::value& tree, const std::string& where) {
  const json::object* object = tree.if_object();
  if (object == nullptr) return fail(Code::kInvalid, where + " must be an object");
  Scope scope;
  for (const auto& member : *object) {
    const std::string at =
        where + "." + base::quote_name({member.key().data(), member.key().size()});
    base::Result<void> read;
    if (member.key() == "teams") {
      read = read_patterns(member.value(), at, scope.teams);
    } else if (member.key() == "projects") {
      read = read_patterns(member.value(), at, scope.projects);
    } else if (member.key() == "groups") {
      read = read_patterns(member.value(), at, scope.groups);
    } else if (member.key() == "priority_max" && member.value().is_int64()) {
      const std::int64_t number = member.value().get_int64();
      if (number < 0 || number > base::limits::kPriorityMax) {
        return fail(Code::kInvalid, at + " must be 0 to 100");
      }
      scope.priority_max = static_cast<int>(number);
    } else {
      read = fail(Code::kInvalid, at + " is not known or of a wrong type",
                  "a scope has teams, projects, groups and priority_max");
    }
    if (!read) return base::pass(read);
  }
  if (scope == Scope{}) {
    return fail(Code::kInvalid, where + " limits nothing",
                "leave scopes out for somebody who is not limited");
  }
  return scope;
}

}  // namespace

std::string write_scopes_json(const std::vector<Scope>& scopes) {
  std::string out = "[";
  for (const Scope& scope : scopes) {
    std::string one = "{";
    append_patterns(one, "teams", scope.teams);
    append_patterns(one, "projects", scope.projects);
    append_patterns(one, "groups", scope.groups);
    if (scope.priority_max != base::limits::kPriorityMax) {
      one += one.back() == '{' ? "" : ",";
      one += "\"priority_max\":" + std::to_string(scope.priority_max);
    }
    out += (out.back() == '[' ? "" : ",") + one + "}";
  }
  return out + "]";
}

base::Result<std::vector<Scope>> scopes_from_json(const json::value& tree, std::string_view where) {
  const std::string start(where);
  std::vector<Scope> scopes;
  if (tree.is_null()) return scopes;
  const json::array* list = tree.if_array();
  if (list == nullptr || list->empty()) {
    return fail(Code::kInvalid, start + " must be a list of at least one scope",
                "leave it out, or null, for somebody who is not limited");
  }
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto scope = read_scope((*list)[i], start + "[" + std::to_string(i) + "]");
    if (!scope) return base::pass(scope);
    scopes.push_back(std::move(*scope));
  }
  if (auto valid = validate(scopes, where); !valid) return base::pass(valid);
  return scopes;
}

base::Result<Grant> grant_from_json(const json::value& tree, std::string_view where) {
  const std::string start(where);
  const json::object* object = tree.if_object();
  if (object == nullptr) return fail(Code::kInvalid, start + " must have members", "role: viewer");
  Grant grant;
  bool has_role = false;
  for (const auto& [key, value] : *object) {
    if (key == "role" && value.is_string()) {
      const auto role = role_from({value.get_string().data(), value.get_string().size()});
      if (!role) {
        return fail(Code::kInvalid, start + ": role must be owner, editor, viewer or auditor");
      }
      grant.role = *role;
      has_role = true;
    } else if (key == "reveal" && value.is_bool()) {
      grant.reveal = value.get_bool() ? Reveal::kYes : Reveal::kNo;
    } else if (key == "scopes") {
      auto scopes = scopes_from_json(value, start + ": scopes");
      if (!scopes) return base::pass(scopes);
      grant.scopes = std::move(*scopes);
    } else {
      return fail(Code::kInvalid,
                  start + ": " + base::quote_name({key.data(), key.size()}) +
                      " is not known or of a wrong type",
                  "there are role, reveal (true or false) and scopes");
    }
  }
  if (!has_role) return fail(Code::kInvalid, start + ": role is missing");
  if (grant.role == Role::kOwner && !grant.scopes.empty()) {
    return fail(Code::kInvalid, start + ": an owner has no scopes");
  }
  return grant;
}

}  // namespace sutler::model
