#include "store/backend/lease_table.h"

#include <utility>

#include "base/clock.h"

namespace sutler::store {

LeaseTable::LeaseTable(std::function<double()> seconds)
    : seconds_(seconds ? std::move(seconds) : base::monotonic_seconds) {}

bool LeaseTable::take(const std::string& name, const std::string& holder,
                      std::chrono::seconds time) {
  const double now = seconds_();
  const std::lock_guard lock(mutex_);
  const auto at = leases_.find(name);
  const bool held = at != leases_.end() && at->second.until > now;
  if (held && at->second.holder != holder) return false;
  if (time.count() > 0) {
    leases_[name] = {holder, now + static_cast<double>(time.count())};
  } else if (at != leases_.end()) {
    leases_.erase(at);
  }
  return true;
}

}  // namespace sutler::store
