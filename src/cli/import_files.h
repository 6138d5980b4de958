// What `sutler import` reads: a file, standard input, or the files of a folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "model/import.h"

namespace sutler::cli {

struct ImportFile {
  std::string where;  // for errors
  std::string stem;   // the name without its extension; empty for standard input
  base::Secret text;
};

enum class ImportPlace { kFile, kFolder };
struct ImportFiles {
  ImportPlace place = ImportPlace::kFile;
  std::vector<ImportFile> files;  // of a folder: sorted by name
};

// Of a folder the files right in it that have an extension of the format (.env; .json; .yaml and
// .yml), hidden ones apart. kInvalid names the path: nothing there, a folder without such a file,
// two files for one name.
[[nodiscard]] base::Result<ImportFiles> read_import_files(const std::string& path,
                                                          model::ImportFormat format);

}  // namespace sutler::cli
