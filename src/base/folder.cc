#include "base/folder.h"

#include <algorithm>
#include <string>
#include <system_error>

namespace sutler::base {
namespace {

namespace fs = std::filesystem;

using Extensions = std::vector<std::string_view>;

Result<bool> is_taken(const fs::directory_entry& entry, Depth depth, const Extensions& extensions) {
  std::error_code error;
  const auto status = entry.status(error);
  const std::string path = entry.path().string();
  if (depth == Depth::kTree && entry.is_symlink() && fs::is_directory(status)) {
    return fail(Code::kInvalid, path + " is a link to a folder, which is not followed",
                "put the folder itself there, or give it by its own path");
  }
  const std::string extension = entry.path().extension().string();
  const bool is_meant = std::ranges::find(extensions, extension) != extensions.end();
  if (!is_meant || fs::is_directory(status)) return false;
  if (fs::is_regular_file(status)) return true;
  if (!error) error = std::make_error_code(std::errc::no_such_file_or_directory);
  return fail(Code::kInvalid,
              path + " cannot be read as a file: " +
                  (fs::exists(status) ? std::string("it is none") : error.message()),
              "mend the link, or take it away");
}

}  // namespace

Result<std::vector<fs::path>> files_of_folder(const fs::path& folder, Depth depth,
                                              const Extensions& extensions) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator at(folder, error);
  while (!error && at != fs::recursive_directory_iterator()) {
    const bool is_hidden = at->path().filename().string().starts_with('.');
    if (is_hidden || depth == Depth::kFolder) at.disable_recursion_pending();
    if (!is_hidden) {
      auto taken = is_taken(*at, depth, extensions);
      if (!taken) return pass(taken);
      if (*taken) files.push_back(at->path());
    }
    at.increment(error);
  }
  if (error) {
    return fail(Code::kInvalid, "folder " + folder.string() + " cannot be read: " + error.message(),
                "check the path: it is taken from the folder you are in");
  }
  std::ranges::sort(files);
  return files;
}

}  // namespace sutler::base
