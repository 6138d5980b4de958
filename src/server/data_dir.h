// The data directory: its files, and the lock that lets one process at a time have it.
#pragma once

#include <filesystem>

#include "base/file.h"
#include "base/result.h"

namespace sutler::server {

class DataDir {
 public:
  // Makes the directory (0700) where it is missing, takes its lock, and removes what writers of
  // small files that were killed left. kConflict: another process
  // has it; kRefused: others may write in it.
  [[nodiscard]] static base::Result<DataDir> open(const std::filesystem::path& path);

  [[nodiscard]] std::filesystem::path database() const { return path_ / "sutler.db"; }
  // A copy of a store that several nodes share.
  [[nodiscard]] std::filesystem::path local_copy() const { return path_ / "snapshot.db"; }
  [[nodiscard]] std::filesystem::path master_key() const { return path_ / "master.key"; }
  [[nodiscard]] std::filesystem::path owner_token() const { return path_ / "owner-token"; }
  [[nodiscard]] std::filesystem::path socket() const { return path_ / "admin.sock"; }
  [[nodiscard]] std::filesystem::path audit() const { return path_ / "audit"; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  base::FileDescriptor lock_;
};

}  // namespace sutler::server
