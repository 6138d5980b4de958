// Carrying out what a purge rule lets go, in steps that others can come between.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "store/history.h"

namespace sutler::store {

struct PurgeWatch {
  // Told how many groups lose versions, if any do, before any goes; its error stops it.
  std::function<base::Result<void>(std::size_t groups)> before = {};
  // Asked again and again: true, and no further version goes.
  std::function<bool()> stop = {};
  std::size_t batch = 500;  // groups a transaction; writers get their turn between two
};

// Removes versions in one transaction; gives how many went.
using PurgeStep = std::function<base::Result<std::uint64_t>(const std::vector<Purge>&)>;

// An error: nothing went. Of a batch that failed, and so ended it, the report tells.
[[nodiscard]] base::Result<PurgeReport> carry_out(History::PurgePlans plans,
                                                  const PurgeWatch& watch, const PurgeStep& step);

}  // namespace sutler::store
