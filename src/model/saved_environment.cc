#include "model/saved_environment.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "model/cursor.h"
#include "model/dotenv.h"
#include "model/entry_reader.h"
#include "model/json_lines.h"

namespace sutler::model {
namespace {

using base::Result;
using base::Secret;

const Tree* find(const Tree& tree, std::string_view name) {
  for (std::size_t i = 0; i < tree.names.size(); ++i) {
    if (tree.names[i] == name) return &tree.items[i];
  }
  return nullptr;
}

// A text, a number or truth value as its text, or `{value: …}` with details.
Result<Secret> read_saved_value(const Cursor& at) {
  if (at.kind() == Tree::Kind::kBool) return Secret(at.require_true() ? "true" : "false");
  if (at.kind() == Tree::Kind::kNumber) {
    auto number = at.whole_number();
    if (!number) return base::pass(number);
    return Secret(std::to_string(*number));
  }
  if (at.kind() != Tree::Kind::kMap) {
    auto text = at.text();
    if (!text) return base::pass(text);
    return Secret(*text);
  }
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at.child(i).name() == "value") return read_saved_value(at.child(i));
  }
  return at.fail("value is missing");
}

Result<BundleFile> read_saved_file(const Cursor& at) {
  if (auto is_map = at.require_map(); !is_map) return base::pass(is_map);
  BundleFile file;
  file.path = at.name();
  bool has_data = false;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor member = at.child(i);
    if (member.name() == "value" && member.kind() == Tree::Kind::kMap) {
      // With details the file itself is the value.
      auto inner = read_saved_file(member);
      if (inner) inner->path = file.path;
      return inner;
    }
    if (member.name() != "data") continue;
    auto text = member.text();
    if (!text) return base::pass(text);
    has_data = true;
    file.data = Secret(*text);
  }
  // Northflank gives every file as base64; `encoding` describes the original.
  file.encoding = Encoding::kBase64;
  if (!has_data) return at.fail("data is missing");
  if (!base::base64_decode(file.data.expose())) return at.fail("data is not base64");
  return file;
}

Result<void> read_files(const Cursor& at, SavedEnvironment& out) {
  if (at.kind() == Tree::Kind::kNull) return {};
  if (auto is_map = at.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < at.size(); ++i) {
    auto file = read_saved_file(at.child(i));
    if (!file) return base::pass(file);
    out.files.emplace(at.child(i).name(), std::move(*file));
  }
  return {};
}

Result<void> read_variables(const Cursor& at, SavedEnvironment& out) {
  if (auto is_map = at.require_map(); !is_map) return is_map;
  for (std::size_t i = 0; i < at.size(); ++i) {
    const Cursor entry = at.child(i);
    auto value = read_saved_value(entry);
    if (!value) return base::pass(value);
    out.variables.emplace(entry.name(), std::move(*value));
  }
  return {};
}

Result<SavedEnvironment> from_answer(std::string_view text, std::string_view where) {
  auto bundle = read_bundle_json(text);
  if (!bundle) return base::pass(bundle, where);
  SavedEnvironment out;
  for (BundleVariable& variable : bundle->variables) {
    out.variables.emplace(std::move(variable.name), std::move(variable.value));
  }
  for (BundleFile& file : bundle->files) {
    std::string path = file.path;
    out.files.emplace(std::move(path), std::move(file));
  }
  return out;
}

Result<SavedEnvironment> from_tree(const Tree& root, std::string_view where) {
  const Tree* tree = &root;
  if (const Tree* data = find(*tree, "data"); data != nullptr && data->kind == Tree::Kind::kMap) {
    tree = data;
  }
  SavedEnvironment out;
  const Tree* variables = find(*tree, "runtimeEnvironment");
  const Tree* files = find(*tree, "runtimeFiles");
  if (variables == nullptr && files == nullptr) {
    auto read = read_variables(Cursor(*tree, where), out);
    if (!read) return base::pass(read);
    return out;
  }
  const std::string place(where);
  if (variables != nullptr) {
    auto read = read_variables(Cursor(*variables, place + ": runtimeEnvironment"), out);
    if (!read) return base::pass(read);
  }
  if (files != nullptr) {
    auto read = read_files(Cursor(*files, place + ": runtimeFiles"), out);
    if (!read) return base::pass(read);
  }
  return out;
}

Secret content_of(const BundleFile& file) {
  if (file.encoding != Encoding::kBase64) return file.data.clone();
  auto decoded = base::base64_decode(file.data.expose());
  return decoded ? Secret(std::move(*decoded)) : file.data.clone();
}

bool same_file(const BundleFile& saved, const BundleFile& now) {
  if (!content_of(saved).equals(content_of(now))) return false;
  if (saved.owner && saved.owner != now.owner) return false;
  if (saved.group && saved.group != now.group) return false;
  if (!saved.permissions) return true;
  return now.permissions && saved.permissions->policy == now.permissions->policy &&
         saved.permissions->mode == now.permissions->mode;
}

bool same(const Secret& saved, const BundleVariable& now) { return saved.equals(now.value); }
bool same(const BundleFile& saved, const BundleFile& now) { return same_file(saved, now); }
const std::string& key_of(const BundleVariable& variable) { return variable.name; }
const std::string& key_of(const BundleFile& file) { return file.path; }

template <class Map, class List>
void compare_parts(const Map& saved, const List& now, EnvironmentDifference& out) {
  for (const auto& entry : now) {
    const auto before = saved.find(key_of(entry));
    if (before == saved.end()) {
      out.extra.push_back(key_of(entry));
    } else if (!same(before->second, entry)) {
      out.changed.push_back(key_of(entry));
    }
  }
  for (const auto& [key, value] : saved) {
    const auto is_it = [&](const auto& entry) { return key_of(entry) == key; };
    if (!key.starts_with("NF_") && std::ranges::none_of(now, is_it)) out.missing.push_back(key);
  }
}

}  // namespace

Result<SavedEnvironment> read_saved_json(std::string_view text, std::string_view where) {
  auto value = base::parse_json(text);
  if (!value) return base::pass(value, where);
  Tree root = tree_of(*value);
  add_lines(root, text);
  const Tree* secrets = find(root, "secrets");
  if (secrets != nullptr && secrets->kind == Tree::Kind::kList) return from_answer(text, where);
  return from_tree(root, where);
}

Result<SavedEnvironment> read_saved_dotenv(std::string_view text, std::string_view) {
  SavedEnvironment out;
  for (DotenvEntry& entry : read_dotenv(text)) {
    out.variables.insert_or_assign(std::move(entry.name), std::move(entry.value));
  }
  return out;
}

EnvironmentDifference compare(const SavedEnvironment& saved, const Bundle& bundle) {
  EnvironmentDifference out;
  compare_parts(saved.variables, bundle.variables, out);
  compare_parts(saved.files, bundle.files, out);
  return out;
}

}  // namespace sutler::model
