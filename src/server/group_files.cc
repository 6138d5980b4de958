#include "server/group_files.h"

#include <map>
#include <system_error>
#include <utility>

#include "base/file.h"
#include "base/folder.h"
#include "base/limits.h"
#include "model/group_reader.h"
#include "resolve/template.h"

namespace sutler::server {
namespace {

namespace fs = std::filesystem;
using base::Code;

base::Unexpected unreadable(const fs::path& path, const std::error_code& error) {
  return base::fail(Code::kInvalid, path.string() + " cannot be read: " + error.message(),
                    "check the path: it is taken from the folder you are in");
}

base::Result<std::vector<fs::path>> files_below(const fs::path& folder) {
  auto files = base::files_of_folder(folder, base::Depth::kTree, {".yaml", ".yml", ".json"});
  if (files && files->empty()) {
    return base::fail(Code::kInvalid, "there is no group file in folder " + folder.string(),
                      "its files end in .yaml, .yml or .json");
  }
  return files;
}

base::Result<std::vector<fs::path>> files_of(const fs::path& path) {
  std::error_code error;
  const bool is_folder = fs::is_directory(path, error);
  if (!fs::exists(path, error)) {
    return unreadable(path, std::make_error_code(std::errc::no_such_file_or_directory));
  }
  if (is_folder) return files_below(path);
  return std::vector<fs::path>{path};
}

base::Result<std::vector<model::Group>> read_one(const fs::path& path, std::string_view team) {
  auto content = base::read_file(path, base::limits::kAdminBodyBytesMax);
  if (!content) return base::pass(content);
  const std::string where = path.string();
  auto groups = path.extension() == ".json"
                    ? model::read_groups_json(content->expose(), where, team)
                    : model::read_groups_yaml(content->expose(), where, team);
  if (!groups) return base::pass(groups);
  for (const model::Group& group : *groups) {
    auto acyclic = resolve::check_cycles(group);
    if (!acyclic) return base::pass(acyclic, where);
  }
  return groups;
}

}  // namespace

base::Result<std::vector<model::Group>> read_group_files(const fs::path& path,
                                                         std::string_view team) {
  auto files = files_of(path);
  if (!files) return base::pass(files);
  std::vector<model::Group> all;
  std::map<std::pair<std::string, std::string>, std::string> places;  // team and name: file
  for (const fs::path& file : *files) {
    auto groups = read_one(file, team);
    if (!groups) return base::pass(groups);
    for (model::Group& group : *groups) {
      const auto [place, is_new] =
          places.try_emplace({group.header.team, group.header.name}, file.string());
      if (!is_new) {
        return base::fail(Code::kInvalid, file.string() + ": group " + group.header.name +
                                              " of team " + group.header.team +
                                              " is there twice, first in " + place->second);
      }
      all.push_back(std::move(group));
    }
  }
  return all;
}

}  // namespace sutler::server
