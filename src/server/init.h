// Making a data directory.
#pragma once

#include <filesystem>

#include "base/clock.h"
#include "base/result.h"
#include "server/options.h"

namespace sutler::server {

struct InitPaths {
  std::filesystem::path database;
  std::filesystem::path master_key;  // empty when the key comes from elsewhere
  std::filesystem::path owner_token;
};

// Makes directory, store, master key (only where none is there and none is configured) and owner
// token. kConflict when the store is there already: it is not touched.
[[nodiscard]] base::Result<InitPaths> init(const Options& options);

}  // namespace sutler::server
