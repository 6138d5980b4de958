#include "server/config_file.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/file.h"
#include "model/tree.h"
#include "server/proxy_roles.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;
using model::Tree;

namespace {

constexpr std::size_t kConfigBytesMax = 1024 * 1024;

bool is_scalar(const Tree& tree) {
  return tree.kind == Tree::Kind::kText || tree.kind == Tree::Kind::kPlain;
}

// Only comments and white space.
bool holds_nothing(std::string_view text) {
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    const auto first = line.find_first_not_of(" \t\r");
    if (first != std::string_view::npos && line[first] != '#') return false;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return true;
}

Result<ConfigValue> read_value(const Tree& tree, const std::string& where) {
  ConfigValue value;
  value.tree = &tree;
  value.line = static_cast<std::size_t>(tree.line);
  if (is_scalar(tree)) {
    value.values.emplace_back(tree.text);
    return value;
  }
  if (tree.kind == Tree::Kind::kMap) {
    value.shape = ConfigValue::Shape::kMap;
    for (std::size_t i = 0; i < tree.items.size(); ++i) {
      value.values.emplace_back(tree.names[i]);
      value.values.push_back(config_json(tree.items[i]));
    }
    return value;
  }
  value.shape = ConfigValue::Shape::kList;
  if (tree.kind != Tree::Kind::kList) {
    return fail(Code::kInvalid, where + ": a setting is a value or a list of values");
  }
  for (const Tree& item : tree.items) {
    if (!is_scalar(item)) {
      value.shape = ConfigValue::Shape::kNested;
      value.values.clear();
      return value;
    }
    value.values.emplace_back(item.text);
  }
  return value;
}

}  // namespace

Result<ConfigFile> read_config_file(const std::filesystem::path& path) {
  auto text = base::read_file(path, kConfigBytesMax);
  if (!text) return pass(text, "config");
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 022) != 0) {
    // Whoever may write it may run programs as the server.
    return fail(Code::kRefused, "config file " + path.string() + " may be written by others",
                "chmod go-w " + path.string());
  }
  if (holds_nothing(text->expose())) return ConfigFile();
  auto document = model::read_yaml(text->expose(), path.string());
  if (!document) return pass(document);
  ConfigFile out;
  if (document->root.kind != Tree::Kind::kMap) {
    return fail(Code::kInvalid, path.string() + ": the file must hold settings as `key: value`");
  }
  const auto kept = std::make_shared<const model::YamlDocument>(std::move(*document));
  for (std::size_t i = 0; i < kept->root.items.size(); ++i) {
    const std::string name(kept->root.names[i]);
    const Tree& item = kept->root.items[i];
    auto value = read_value(item, path.string() + ":" + std::to_string(item.line) + ": " + name);
    if (!value) return pass(value);
    out.values.emplace(name, std::move(*value));
  }
  out.document = kept;
  return out;
}

}  // namespace sutler::server
