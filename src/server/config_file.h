// The YAML config file: a flat map from settings' keys to scalars or lists of scalars.
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
};

// kNotFound, kRefused (others may write it), kInvalid with file and line.
[[nodiscard]] base::Result<std::map<std::string, ConfigValue>> read_config_file(
    const std::filesystem::path& path);

}  // namespace sutler::server
