// Saved runtime environments of many workloads: a folder with one file each. docs/compare.md
// describes its layout.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/saved_environment.h"

namespace sutler::cli {

struct SavedWorkload {
  std::string project, object, type;
  std::string where;  // the file
  model::SavedEnvironment environment;
};

// `PROJECT/OBJECT-TYPE.json` or `.env` below the folder; or what its `manifest.json` says,
// `{"workloads": [{"file", "project", "object", "type"}]}`. Sorted by place. kInvalid names the
// file: no such folder, nothing in it, a name without its type, a file that cannot be read.
[[nodiscard]] base::Result<std::vector<SavedWorkload>> read_saved_folder(const std::string& path);

// One file, JSON or `.env` by its extension.
[[nodiscard]] base::Result<model::SavedEnvironment> read_saved_file(const std::string& path);

}  // namespace sutler::cli
