// `sutler restore`: a data directory from a backup.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "server/options.h"
#include "store/backup.h"

namespace sutler::server {

struct RestoreRequest {
  std::filesystem::path file;
  // A data directory with the later state of the same store or its audit log. None: an audit log
  // beside the backup is looked for.
  std::optional<std::filesystem::path> compare;
};

struct Restored {
  store::BackupReport report;
  std::string database;  // a path, or the URI of a shared database without its password
  std::filesystem::path owner_token;
  std::vector<std::string> undone;  // sentences
  std::string compared_with;        // a path, or empty: nothing was there to compare with
  std::vector<std::string> warnings;
};

// Verifies the backup, fills the directory's database from it and makes a new owner token; every
// token of an operator is disabled. The directory must be empty but for `master.key` and `lock`
// (kConflict). kRefused names the master key that is missing. The database appears complete or not
// at all. With a shared database the store is put there, and the directory is one node's.
[[nodiscard]] base::Result<Restored> restore(const Options& options, const RestoreRequest& request);

}  // namespace sutler::server
