#include "store/purge.h"

#include <algorithm>
#include <utility>

namespace sutler::store {

base::Result<PurgeReport> carry_out(History::PurgePlans plans, const PurgeWatch& watch,
                                    const PurgeStep& step) {
  const std::vector<Purge>& purges = plans.purges;
  PurgeReport& report = plans.report;
  if (report.stopped) return std::move(report);
  if (!purges.empty() && watch.before) {
    if (auto agreed = watch.before(purges.size()); !agreed) return base::pass(agreed);
  }
  for (std::size_t at = 0; at < purges.size();) {
    if (watch.stop && watch.stop()) {
      report.stopped = true;
      break;
    }
    const std::size_t end = std::min(purges.size(), at + std::max<std::size_t>(watch.batch, 1));
    auto gone = step({purges.begin() + static_cast<std::ptrdiff_t>(at),
                      purges.begin() + static_cast<std::ptrdiff_t>(end)});
    if (!gone) {
      report.failed = gone.error();
      break;
    }
    report.groups += end - at;
    report.versions += *gone;
    at = end;
  }
  return std::move(report);
}

}  // namespace sutler::store
