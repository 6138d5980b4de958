// Northflank's secret groups, as its API shows them.
#include <algorithm>

#include "base/json.h"
#include "base/json_bounded.h"
#include "model/cursor.h"
#include "model/import.h"
#include "model/json_lines.h"
#include "model/northflank_group.h"

namespace sutler::model {
namespace {

using base::Code;
using base::fail;
using base::Result;

bool has_member(const Tree& tree, std::string_view name) {
  return std::ranges::find(tree.names, name) != tree.names.end();
}

const Tree& member(const Tree& tree, std::string_view name) {
  const auto at = std::ranges::find(tree.names, name) - tree.names.begin();
  return tree.items[static_cast<std::size_t>(at)];
}

// Behind `{"data": …}` of an answer, and `{"kind": "SecretGroup", "spec": …}` of a template.
const Tree& inner(const Tree& root) {
  if (root.kind != Tree::Kind::kMap) return root;
  if (has_member(root, "data") && !has_member(root, "secrets")) return inner(member(root, "data"));
  if (has_member(root, "kind") && has_member(root, "spec")) return inner(member(root, "spec"));
  return root;
}

Result<void> refuse_skipped(const NorthflankImport& import, std::string_view where) {
  if (import.skipped.empty()) return {};
  constexpr std::size_t kNamedMax = 10;
  std::string list;
  for (std::size_t i = 0; i < std::min(kNamedMax, import.skipped.size()); ++i) {
    list += (i == 0 ? "" : "; ") + import.skipped[i];
  }
  if (import.skipped.size() > kNamedMax) {
    list += "; and " + std::to_string(import.skipped.size() - kNamedMax) + " more";
  }
  return fail(Code::kInvalid, std::string(where) + ": what cannot be kept: " + list,
              "--skip-unsupported leaves it out, and says so", "unsupported");
}

Result<void> read_all(const Tree& root, std::string_view where, const NorthflankOptions& options,
                      NorthflankImport& out) {
  const Tree& tree = inner(root);
  const Cursor at(tree, where);
  if (tree.kind != Tree::Kind::kList) {
    if (tree.kind == Tree::Kind::kMap && has_member(tree, "secrets") &&
        member(tree, "secrets").kind == Tree::Kind::kList) {
      return at.fail("a list of groups without their secrets",
                     "ask Northflank for each group: GET …/secrets/ID shows its values");
    }
    return read_northflank_group(at, options, out);
  }
  if (auto is_list = at.require_list(); !is_list) return is_list;
  if (!options.name.empty() && at.size() > 1) {
    return at.fail("several groups, and one name for all of them", "leave GROUP out");
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Tree& item = inner(tree.items[i]);
    const std::string place = std::string(where) + ": [" + std::to_string(i) + "]";
    auto read = read_northflank_group(Cursor(item, place), options, out);
    if (!read) return read;
  }
  return {};
}

}  // namespace

Result<NorthflankImport> read_northflank(std::string_view text, std::string_view where,
                                         const NorthflankOptions& options) {
  if (options.project.find_first_of("*?") != std::string::npos ||
      !is_valid_claim(options.project)) {
    return fail(Code::kInvalid, "the project of a Northflank group is one project id",
                "--project ID: there a group belongs to one project, here to a whole team");
  }
  auto value = base::parse_bounded_json(text);
  if (!value) return base::pass(value, where);
  Tree root = tree_of(*value);
  add_lines(root, text);
  NorthflankImport out;
  if (auto read = read_all(root, where, options, out); !read) return base::pass(read);
  if (options.unsupported == Unsupported::kRefuse) {
    if (auto whole = refuse_skipped(out, where); !whole) return base::pass(whole);
  }
  return out;
}

}  // namespace sutler::model
