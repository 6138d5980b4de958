#include "admin/login_throttle.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kAddressesMax = 10'000;
constexpr std::int64_t kMinuteSeconds = 60;

}  // namespace

std::int64_t LoginThrottle::failed(std::string_view address, base::UnixTime now) {
  const std::int64_t minute = now.seconds() / kMinuteSeconds;
  const std::lock_guard lock(mutex_);
  if (minute != minute_) {
    minute_ = minute;
    failures_.clear();
  }
  auto at = failures_.find(address);
  if (at == failures_.end()) {
    // Where more addresses fail than are followed, the new ones count as over the limit.
    if (failures_.size() >= kAddressesMax) return kMinuteSeconds - now.seconds() % kMinuteSeconds;
    at = failures_.emplace(address, 0).first;
  }
  if (++at->second <= per_minute_max_) return 0;
  return kMinuteSeconds - now.seconds() % kMinuteSeconds;
}

}  // namespace sutler::admin
