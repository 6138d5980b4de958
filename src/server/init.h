// Making a data directory.
#pragma once

#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "server/options.h"

namespace sutler::server {

enum class Made { kNew, kJoined };

struct InitPaths {
  std::string database;              // a path, or the URI of a shared database without its password
  std::filesystem::path master_key;  // empty when the key comes from elsewhere
  std::filesystem::path owner_token;
  Made made = Made::kNew;
};

// Makes directory, store, master key (only where none is there and none is configured) and owner
// token. kConflict when the store is there already: it is not touched. With a shared database that
// holds a store, the directory becomes one more node of it: the configured master key must open it.
[[nodiscard]] base::Result<InitPaths> init(const Options& options);

}  // namespace sutler::server
