// The master keys for opening a backup without a server.
#pragma once

#include <memory>

#include "base/result.h"
#include "crypto/master_key.h"
#include "server/options.h"

namespace sutler::server {

// The configured ones, else `master.key` of the data directory where it is there; null when there
// are none.
[[nodiscard]] base::Result<std::shared_ptr<const crypto::MasterKeys>> load_backup_keys(
    const Options& options);

}  // namespace sutler::server
