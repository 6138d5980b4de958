// `sutler store migrate`: from a data directory into a database that several nodes share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

#include "base/result.h"
#include "server/options.h"
#include "store/backend/backend.h"

namespace sutler::server {

struct MigrateRequest {
  std::filesystem::path from;  // a data directory with an embedded store
  store::Dsn to;
  std::function<void(std::uint64_t rows)> progress;
};

struct Migrated {
  std::string database;  // the target, without its password
  std::uint64_t revision = 0;
  std::uint64_t rows = 0;
  std::uint64_t written = 0;  // of all passes
  // False: a server has the directory; what it writes from now on is missing, and the target is no
  // store yet.
  bool finished = false;
};

// Copies, compares, and, when no server has the directory, opens the result with the master keys
// (`options.master_keys`, or the directory's own). Can be killed and run again at any time: it goes
// on. The source stays as it is. kConflict: the target holds another store; kCorrupt: what arrived
// is not what was sent.
[[nodiscard]] base::Result<Migrated> migrate(const Options& options, const MigrateRequest& request);

// All of `source`, which nobody else writes to, into a database that holds no store. Errors as
// above.
[[nodiscard]] base::Result<void> put_into_database(store::Backend& source, const store::Dsn& to);

}  // namespace sutler::server
