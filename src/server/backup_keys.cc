#include "server/backup_keys.h"

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

}  // namespace sutler::server
