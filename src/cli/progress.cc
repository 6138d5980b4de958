#include "cli/progress.h"

#include <unistd.h>

#include <cstdio>

namespace sutler::cli {

namespace {
constexpr std::size_t kLarge = 100;
}

Progress::Progress(std::string doing, std::string things, std::size_t total)
    : doing_(std::move(doing)),
      things_(std::move(things)),
      total_(total),
      is_shown_(total >= kLarge && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (is_shown_ && done_ > 0) std::fputs("\r\x1b[K", stderr);
}

void Progress::step() {
  ++done_;
  // Some hundred updates are enough for the eye.
  if (!is_shown_ || (done_ != total_ && done_ % (total_ / kLarge) != 0)) return;
  std::fprintf(stderr, "\r\x1b[K%s %zu of %zu %s", doing_.c_str(), done_, total_, things_.c_str());
}

}  // namespace sutler::cli
