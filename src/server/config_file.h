// The YAML config file: a map from settings' keys to scalars, lists of scalars or, where a setting
// is one, a map or a section that has a reader of its own (config_tree.h).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/tree.h"

namespace sutler::server {

struct ConfigValue {
  std::vector<std::string> values;
  std::size_t line = 0;
  // kMap: `values` are name, member as JSON, name, member as JSON, in the order of the file.
  // kNested: a list of other things than plain values, which only a section takes.
  enum class Shape { kScalar, kList, kMap, kNested } shape = Shape::kScalar;
  const model::Tree* tree = nullptr;  // as it stands in the document
};

struct ConfigFile {
  std::map<std::string, ConfigValue> values;
  std::shared_ptr<const model::YamlDocument> document;  // null: the file holds nothing
};

// kNotFound, kRefused (others may write it), kInvalid with file and line.
[[nodiscard]] base::Result<ConfigFile> read_config_file(const std::filesystem::path& path);

}  // namespace sutler::server
