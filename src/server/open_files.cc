#include "server/open_files.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>

namespace sutler::server {

void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

std::size_t part_of_open_files(std::size_t eighths) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
    return std::numeric_limits<std::size_t>::max();
  }
  return std::max<std::size_t>(1, limit.rlim_cur / 8 * eighths);
}

}  // namespace sutler::server
