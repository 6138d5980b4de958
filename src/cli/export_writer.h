// Where an export goes: standard output, a file or a folder. No file is there in part, and none is
// for others to read.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/export.h"

namespace sutler::cli {

struct ExportTarget {
  std::string path;  // -o; empty: standard output
  model::ExportFormat format = model::ExportFormat::kGroup;
  model::Values values = model::Values::kMask;
};

// Writes all groups or, where one of them cannot be written, nothing. One group goes to a file,
// several to a file where the format holds several; a folder (that exists, or a path that ends in a
// slash, or what several flat ones need) gets one file a group, NAME with the format's extension.
// Files are 0600, folders 0700; what was there is replaced. kInvalid and the like name group, path
// and reason.
[[nodiscard]] base::Result<void> write_exports(const std::vector<model::Group>& groups,
                                               const ExportTarget& target);

}  // namespace sutler::cli
