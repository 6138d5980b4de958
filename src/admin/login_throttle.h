// Slows down who shows wrong tokens. A right token is never asked here, so that nobody is locked
// out by somebody else behind the same address.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace sutler::admin {

// What counts as one address: of IPv6 the network of 64 bits ("2001:db8::/64"), since one customer
// has all of its addresses; what is no address of IPv6 is itself.
[[nodiscard]] std::string counted_as(std::string_view address);

// Thread-safe and bounded: it forgets everything each minute and follows 10,000 addresses in one.
class LoginThrottle {
 public:
  explicit LoginThrottle(std::uint32_t per_minute_max) : per_minute_max_(per_minute_max) {}
  // Counts one failure; gives the seconds to wait when the address is over the limit of this
  // minute, else 0.
  [[nodiscard]] std::int64_t failed(std::string_view address, base::UnixTime now);

 private:
  const std::uint32_t per_minute_max_;
  std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::map<std::string, std::uint32_t, std::less<>> failures_;
};

}  // namespace sutler::admin
