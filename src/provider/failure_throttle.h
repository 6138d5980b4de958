// Failed tokens per client address, so that guessing costs the guesser more than us.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sutler::provider {

// Thread-safe; bounded: it forgets everything each minute and follows at most 10,000 addresses in
// one.
class FailureThrottle {
 public:
  explicit FailureThrottle(std::uint32_t per_minute_max) : per_minute_max_(per_minute_max) {}
  // Counts one failure; true when the address is over the limit of this minute.
  [[nodiscard]] bool over_limit(std::string_view address, base::UnixTime now);

 private:
  const std::uint32_t per_minute_max_;
  std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> failures_;
};

}  // namespace sutler::provider
