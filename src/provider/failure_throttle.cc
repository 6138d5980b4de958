#include "provider/failure_throttle.h"

namespace sutler::provider {

bool FailureThrottle::over_limit(std::string_view address, base::UnixTime now) {
  constexpr std::size_t kAddressesMax = 10'000;
  const std::scoped_lock lock(mutex_);
  if (const auto minute = now.seconds() / 60; minute != minute_) {
    minute_ = minute;
    failures_.clear();
  }
  auto at = failures_.find(address);
  if (at == failures_.end()) {
    if (failures_.size() >= kAddressesMax) return false;
    at = failures_.emplace(address, 0).first;
  }
  return ++at->second > per_minute_max_;
}

}  // namespace sutler::provider
