#include "cli/import_files.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/limits.h"
#include "cli/local_file.h"
#include "cli/progress.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::fail;

std::vector<std::string> extensions_of(model::ImportFormat format) {
  switch (format) {
    case model::ImportFormat::kDotenv: return {".env"};
    case model::ImportFormat::kYaml: return {".yaml", ".yml"};
    default: return {".json"};
  }
}

base::Result<std::vector<fs::path>> files_in(const std::string& folder,
                                             const std::vector<std::string>& extensions) {
  std::vector<fs::path> found;
  std::set<std::string> stems;
  std::error_code error;
  for (fs::directory_iterator at(folder, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    const fs::path& path = at->path();
    if (path.filename().string().starts_with('.')) continue;
    if (std::ranges::find(extensions, path.extension().string()) == extensions.end()) continue;
    std::error_code ignored;
    if (at->is_directory(ignored)) continue;
    if (!at->is_regular_file(ignored)) {
      return fail(Code::kInvalid, path.string() + " cannot be read as a file",
                  "mend the link, or take it away");
    }
    if (!stems.insert(path.stem().string()).second) {
      return fail(Code::kInvalid, "two files in " + folder + " are named " + path.stem().string(),
                  "one file is one group");
    }
    found.push_back(path);
  }
  if (error) {
    return fail(Code::kInvalid, "folder " + folder + " cannot be read: " + error.message());
  }
  if (found.empty()) {
    return fail(Code::kInvalid, "there is no file to import in folder " + folder,
                "files of this format end in " + extensions.front());
  }
  std::ranges::sort(found);
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
  auto paths = files_in(path, extensions_of(format));
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
