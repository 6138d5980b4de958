#include "cli/import_files.h"

#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>

#include "base/folder.h"
#include "base/limits.h"
#include "cli/local_file.h"
#include "cli/progress.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::fail;

std::vector<std::string_view> extensions_of(model::ImportFormat format) {
  switch (format) {
    case model::ImportFormat::kDotenv: return {".env"};
    case model::ImportFormat::kYaml: return {".yaml", ".yml"};
    default: return {".json"};
  }
}

base::Result<std::vector<fs::path>> files_in(const std::string& folder,
                                             model::ImportFormat format) {
  const auto extensions = extensions_of(format);
  auto found = base::files_of_folder(folder, base::Depth::kFolder, extensions);
  if (!found) return base::pass(found);
  std::set<std::string> stems;
  for (const fs::path& path : *found) {
    if (!stems.insert(path.stem().string()).second) {
      return fail(Code::kInvalid, "two files in " + folder + " are named " + path.stem().string(),
                  "one file is one group");
    }
  }
  if (found->empty()) {
    return fail(Code::kInvalid, "there is no file to import in folder " + folder,
                "files of this format end in " + std::string(extensions.front()));
  }
  return found;
}

}  // namespace

base::Result<ImportFiles> read_import_files(const std::string& path, model::ImportFormat format) {
  ImportFiles out;
  std::error_code ignored;
  if (path == "-" || !fs::is_directory(path, ignored)) {
    auto text = read_local(path, "file", base::limits::kAdminBodyBytesMax);
    if (!text) return base::pass(text);
    out.files.push_back({path == "-" ? "standard input" : path,
                         path == "-" ? "" : fs::path(path).stem().string(), std::move(*text)});
    return out;
  }
  out.place = ImportPlace::kFolder;
  auto paths = files_in(path, format);
  if (!paths) return base::pass(paths);
  Progress progress("reading", "files", paths->size());
  for (const fs::path& file : *paths) {
    auto text = read_local(file.string(), "file", base::limits::kAdminBodyBytesMax);
    if (!text) return base::pass(text);
    out.files.push_back({file.string(), file.stem().string(), std::move(*text)});
    progress.step();
  }
  return out;
}

}  // namespace sutler::cli
