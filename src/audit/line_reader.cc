#include "audit/line_reader.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "audit/line.h"
#include "base/file.h"

namespace sutler::audit {
namespace {
constexpr std::size_t kBufferBytes = 64 * 1024;
}

LineReader::LineReader(int fd, std::uint64_t start, std::uint64_t end)
    : fd_(fd), read_(start), limit_(end), buffer_(kBufferBytes, '\0') {}

base::Result<bool> LineReader::next(std::string_view& line) {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view unread = rest();
    const std::size_t newline = unread.find('\n', searched);
    if (newline != std::string_view::npos) {
      line = unread.substr(0, newline);
      begin_ += newline + 1;
      return true;
    }
    searched = unread.size();
    if (searched >= kLineBytesMax) {
      return base::fail(base::Code::kTooLarge,
                        "the line is longer than " + std::to_string(kLineBytesMax) + " bytes");
    }
    auto more = fill();
    if (!more || !*more) return more;
  }
}

base::Result<bool> LineReader::fill() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) buffer_.resize(std::min(buffer_.size() * 2, kLineBytesMax));
  const std::size_t wanted = static_cast<std::size_t>(
      std::min<std::uint64_t>(buffer_.size() - end_, limit_ - std::min(limit_, read_)));
  for (;;) {
    const ssize_t got = ::pread(fd_, buffer_.data() + end_, wanted, static_cast<off_t>(read_));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      return base::fail(base::Code::kInternal,
                        base::fail_errno(errno, "the file cannot be read").error().message);
    }
    end_ += static_cast<std::size_t>(got);
    read_ += static_cast<std::uint64_t>(got);
    return got > 0;
  }
}

}  // namespace sutler::audit
