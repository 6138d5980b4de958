// The YAML config file: a map from settings' keys to scalars, lists of scalars or, where a setting
// is one, a map.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"

namespace sutler::server {

struct ConfigValue {
  std::vector<std::string> values;
  std::size_t line = 0;
  // kMap: `values` are name, member as JSON, name, member as JSON, in the order of the file.
  enum class Shape { kScalar, kList, kMap } shape = Shape::kScalar;
};

// kNotFound, kRefused (others may write it), kInvalid with file and line.
[[nodiscard]] base::Result<std::map<std::string, ConfigValue>> read_config_file(
    const std::filesystem::path& path);

}  // namespace sutler::server
