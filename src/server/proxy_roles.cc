#include "server/proxy_roles.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/utf8.h"
#include "model/operator_json.h"

namespace sutler::server {
namespace {

using base::Code;
using base::fail;
using model::Tree;

constexpr std::size_t kGroupBytesMax = 256;
constexpr std::size_t kRolesMax = 1000;

// Small whole numbers and flags stay as they are.
bool is_literal(std::string_view text) {
  if (text == "true" || text == "false") return true;
  return !text.empty() && text.size() <= 9 && (text == "0" || text.front() != '0') &&
         std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_group(std::string_view name) {
  return !name.empty() && name.size() <= kGroupBytesMax && base::is_utf8(name) &&
         name.find(',') == std::string_view::npos && name.front() != ' ' && name.back() != ' ';
}

}  // namespace

std::string config_json(const Tree& tree) {
  std::string out;
  if (tree.kind == Tree::Kind::kPlain && is_literal(tree.text)) return std::string(tree.text);
  if (tree.kind == Tree::Kind::kList) {
    for (const Tree& item : tree.items) out += (out.empty() ? "" : ",") + config_json(item);
    return "[" + out + "]";
  }
  if (tree.kind == Tree::Kind::kMap) {
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      if (i > 0) out += ',';
      base::append_json_string(out, tree.names[i]);
      out += ":" + config_json(tree.items[i]);
    }
    return "{" + out + "}";
  }
  base::append_json_string(out, tree.text);
  return out;
}

base::Result<std::vector<admin::ProxyOptions::Role>> read_proxy_roles(
    const std::vector<std::string>& members, const std::string& where) {
  std::vector<admin::ProxyOptions::Role> roles;
  for (std::size_t i = 0; i + 1 < members.size(); i += 2) {
    const std::string at = where + ": proxy_roles: " + base::quote_name(members[i]);
    if (!is_group(members[i]) || roles.size() >= kRolesMax) {
      return fail(Code::kInvalid, at + " is no name of a group, or there are too many",
                  "names without commas, as the proxy sends them");
    }
    auto tree = base::parse_json(members[i + 1]);
    if (!tree) return pass(tree, at);
    auto grant = model::grant_from_json(*tree, at);
    if (!grant) return pass(grant);
    roles.push_back({members[i], std::move(*grant)});
  }
  return roles;
}

}  // namespace sutler::server
