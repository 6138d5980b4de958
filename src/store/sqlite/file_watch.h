// Notices that the files of the database are no longer the ones that were opened, or that somebody
// else wrote to them. SQLite's own `data_version` sees commits of other connections; this sees what
// bypasses SQLite.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace sutler::store::sqlite {

class FileWatch {
 public:
  explicit FileWatch(const std::filesystem::path& database)
      : database_(database), log_(database.string() + "-wal") {}

  // The files as they are now are the ones we mean.
  [[nodiscard]] base::Result<void> start();
  // kUnavailable: a file was removed or replaced, so that what we write would be lost.
  [[nodiscard]] base::Result<void> check_present() const;
  // True once for each time that size or time of a file differ from the last look.
  [[nodiscard]] bool looks_changed();
  // What happened to the files since the last look was us.
  void accept();

 private:
  struct Look {
    ino_t inode = 0;
    dev_t device = 0;
    off_t bytes = 0;
    std::int64_t seconds = 0;
    std::int64_t nanoseconds = 0;
    bool operator==(const Look&) const = default;
    [[nodiscard]] bool same_file(const Look& other) const {
      return inode == other.inode && device == other.device;
    }
  };
  [[nodiscard]] static base::Result<Look> look(const std::filesystem::path& file);

  std::filesystem::path database_;
  std::filesystem::path log_;
  Look database_look_;
  Look log_look_;
};

}  // namespace sutler::store::sqlite
