// Reads a log file line by line, in memory that does not depend on the size of the file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::audit {

class LineReader {
 public:
  // Reads `fd` from the byte `start` on, up to the byte `end` or the end of the file. The
  // descriptor is borrowed and its position neither used nor moved.
  explicit LineReader(int fd, std::uint64_t start = 0, std::uint64_t end = UINT64_MAX);

  // True: `line` is the next one, without its newline, and stays valid until the next call.
  // False: there is no further complete line; rest() is what follows the last newline.
  // kTooLarge: a line over kLineBytesMax (rest() is its start); kInternal: the file cannot be read.
  [[nodiscard]] base::Result<bool> next(std::string_view& line);

  [[nodiscard]] std::string_view rest() const {
    return std::string_view(buffer_).substr(begin_, end_ - begin_);
  }
  // Where the next line starts in the file.
  [[nodiscard]] std::uint64_t offset() const { return read_ - (end_ - begin_); }

 private:
  base::Result<bool> fill();  // false at the end

  int fd_;
  std::uint64_t read_;  // bytes of the file up to here are in the buffer or gone
  std::uint64_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;  // what is unread in the buffer
};

}  // namespace sutler::audit
