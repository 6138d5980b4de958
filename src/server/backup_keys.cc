#include "server/backup_keys.h"

#include "store/backup.h"

namespace sutler::server {

using base::Result;

Result<std::shared_ptr<const crypto::MasterKeys>> load_backup_keys(const Options& options) {
  auto specs = options.master_keys;
  const auto file = options.data_dir / "master.key";
  std::error_code ignored;
  if (specs.empty() && std::filesystem::exists(file, ignored)) {
    specs.push_back("file:" + file.string());
  }
  if (specs.empty()) return std::shared_ptr<const crypto::MasterKeys>();
  auto keys = crypto::MasterKeys::load(specs);
  if (!keys) return pass(keys);
  return std::make_shared<const crypto::MasterKeys>(std::move(*keys));
}

Result<std::vector<model::Group>> read_backup_groups(const Options& options,
                                                     const std::filesystem::path& file,
                                                     const std::string& team,
                                                     const std::optional<std::string>& name) {
  auto keys = load_backup_keys(options);
  if (!keys) return pass(keys);
  if (!*keys) {
    return base::fail(base::Code::kRefused, "a backup opens with its master key only",
                      "name it with --master-key file:PATH");
  }
  auto store = store::open_backup(file, *keys);
  if (!store) return pass(store);
  const auto snapshot = (*store)->snapshot();
  if (!snapshot->teams.contains(team)) {
    return base::fail(base::Code::kNotFound, "the backup has no team \"" + team + "\"");
  }
  std::vector<model::Group> groups;
  for (const auto& record : snapshot->groups_of(team)) {
    if (name && record->header().name != *name) continue;
    auto group = record->open();
    if (!group) return pass(group);
    groups.push_back(std::move(*group));
  }
  if (!groups.empty() || !name) return groups;
  return base::fail(base::Code::kNotFound, "the backup has no group \"" + *name + "\"");
}

}  // namespace sutler::server
