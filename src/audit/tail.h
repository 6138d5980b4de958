// Reads a folder's log after a place in it, again and again, while another thread writes it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "audit/line.h"
#include "base/result.h"

namespace sutler::audit {

// Not thread-safe. Keeps no file open between calls.
class Tail {
 public:
  explicit Tail(std::filesystem::path folder) : folder_(std::move(folder)) {}

  enum class Next { kGoOn, kStop };
  // `new_file`: the line is the first of its file.
  struct Line {
    std::string_view text;  // without its newline
    LineHead head;
    enum class Place { kFirstOfFile, kWithin } place = Place::kWithin;
  };
  // Gives the lines after `after` up to `last`, in order, until `take` says so. Where the line that
  // follows `after` is not there any more, it goes on with the oldest one there is. kCorrupt: a
  // line is not as it was written; kInternal: a file cannot be read.
  [[nodiscard]] base::Result<void> read(std::uint64_t after, std::uint64_t last,
                                        const std::function<Next(const Line&)>& take);

 private:
  struct File;
  [[nodiscard]] base::Result<bool> read_file(const File& file, std::uint64_t after,
                                             std::uint64_t last,
                                             const std::function<Next(const Line&)>& take);

  std::filesystem::path folder_;
  // Where the line after seq_ starts, in the file of that inode: the next call begins there.
  ino_t inode_ = 0;
  std::uint64_t offset_ = 0;
  std::uint64_t seq_ = 0;
};

}  // namespace sutler::audit
