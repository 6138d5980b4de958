#include "cli/saved_folder.h"

#include <filesystem>
#include <system_error>

#include "base/folder.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/json_view.h"
#include "cli/local_file.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;
using base::fail;

constexpr const char* kManifest = "manifest.json";

base::Result<void> add(std::vector<SavedWorkload>& out, const fs::path& file, std::string project,
                       std::string object, std::string type) {
  auto environment = read_saved_file(file.string());
  if (!environment) return base::pass(environment);
  out.push_back({std::move(project), std::move(object), std::move(type), file.string(),
                 std::move(*environment)});
  return {};
}

base::Result<std::vector<SavedWorkload>> by_manifest(const fs::path& folder) {
  const std::string path = (folder / kManifest).string();
  auto text = read_local(path, "manifest", base::limits::kAdminBodyBytesMax);
  if (!text) return base::pass(text);
  auto tree = base::parse_json(text->expose());
  if (!tree) return base::pass(tree, path);
  std::vector<SavedWorkload> out;
  for (const auto* workload : items(*tree, "workloads")) {
    const std::string file = shown(*workload, "file"), project = shown(*workload, "project"),
                      object = shown(*workload, "object"), type = shown(*workload, "type");
    if (file.empty() || project.empty() || object.empty() || type.empty()) {
      return fail(Code::kInvalid, path + ": a workload needs file, project, object and type");
    }
    if (auto added = add(out, folder / file, project, object, type); !added) {
      return base::pass(added);
    }
  }
  if (out.empty()) return fail(Code::kInvalid, path + ": workloads names none");
  return out;
}

}  // namespace

base::Result<model::SavedEnvironment> read_saved_file(const std::string& path) {
  auto text = read_local(path, "saved environment", base::limits::kAdminBodyBytesMax);
  if (!text) return base::pass(text);
  const bool is_dotenv = path.ends_with(".env");
  return is_dotenv ? model::read_saved_dotenv(text->expose(), path)
                   : model::read_saved_json(text->expose(), path);
}

base::Result<std::vector<SavedWorkload>> read_saved_folder(const std::string& path) {
  const fs::path folder(path);
  std::error_code ignored;
  if (fs::exists(folder / kManifest, ignored)) return by_manifest(folder);
  auto files = base::files_of_folder(folder, base::Depth::kTree, {".json", ".env"});
  if (!files) return base::pass(files);
  std::vector<SavedWorkload> out;
  for (const fs::path& file : *files) {
    const std::string name = file.stem().string();
    const auto dash = name.rfind('-');
    if (file.parent_path().parent_path() != folder.lexically_normal() &&
        file.parent_path().parent_path() != folder) {
      return fail(Code::kInvalid, file.string() + " is not in the folder of a project",
                  "DIR/PROJECT/OBJECT-TYPE.json, or a manifest.json that says which is which");
    }
    if (dash == std::string::npos || dash == 0 || dash + 1 == name.size()) {
      return fail(Code::kInvalid, file.string() + " does not say the type of its workload",
                  "OBJECT-TYPE.json, as in api-service.json");
    }
    auto added = add(out, file, file.parent_path().filename().string(), name.substr(0, dash),
                     name.substr(dash + 1));
    if (!added) return base::pass(added);
  }
  if (out.empty()) {
    return fail(Code::kInvalid, "there is no saved environment in folder " + path,
                "DIR/PROJECT/OBJECT-TYPE.json or .env");
  }
  return out;
}

}  // namespace sutler::cli
