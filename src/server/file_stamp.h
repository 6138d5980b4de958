// Tells whether a file is another than it was: by its inode, size and time of change (stat(2)).
#pragma once

#include <sys/stat.h>

#include <filesystem>

namespace sutler::server {

struct FileStamp {
  ino_t inode = 0;
  off_t bytes = 0;
  timespec changed{};  // content, owner or mode

  // All zero where there is no such file, or it cannot be looked at.
  [[nodiscard]] static FileStamp of(const std::filesystem::path& file) {
    struct stat info{};
    if (::stat(file.c_str(), &info) != 0) return {};
    return {info.st_ino, info.st_size, info.st_ctim};
  }
  bool operator==(const FileStamp& other) const {
    return inode == other.inode && bytes == other.bytes && changed.tv_sec == other.changed.tv_sec &&
           changed.tv_nsec == other.changed.tv_nsec;
  }
};

}  // namespace sutler::server
