// Opening a backup without a server: the master keys, and the groups in it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/master_key.h"
#include "model/group.h"
#include "server/options.h"

namespace sutler::server {

// The configured ones, else `master.key` of the data directory where it is there; null when there
// are none.
[[nodiscard]] base::Result<std::shared_ptr<const crypto::MasterKeys>> load_backup_keys(
    const Options& options);

// The groups of a team as a backup has them, or the one of that name; by name. kNotFound: the
// backup has no such team or group. kRefused: no master key, or another than it needs.
[[nodiscard]] base::Result<std::vector<model::Group>> read_backup_groups(
    const Options& options, const std::filesystem::path& file, const std::string& team,
    const std::optional<std::string>& name);

}  // namespace sutler::server
