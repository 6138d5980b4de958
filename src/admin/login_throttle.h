// Slows down who shows wrong tokens. A right token is never asked here, so that nobody is locked
// out by somebody else behind the same address.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "store/notes.h"

namespace sutler::admin {

// What counts as one address: of IPv6 the network of 64 bits ("2001:db8::/64"), since one customer
// has all of its addresses; what is no address of IPv6 is itself.
[[nodiscard]] std::string counted_as(std::string_view address);

// Thread-safe and bounded: it forgets everything each minute and follows 10,000 addresses in one.
//
// Behind a load balancer the nodes tell each other: while wrong tokens come, each writes a note of
// the 1,000 addresses that failed most, and reads those of the others, once in 5 s. Without
// failures that costs nothing. Until then each counts for itself, so that somebody gets a few more
// attempts.
class LoginThrottle {
 public:
  explicit LoginThrottle(std::uint32_t per_minute_max) : per_minute_max_(per_minute_max) {}
  // Counts one failure; gives the seconds to wait when the address is over the limit of this
  // minute, else 0.
  [[nodiscard]] std::int64_t failed(std::string_view address, base::UnixTime now);
  // About once a second. `node` is the id of this one.
  void exchange(const store::Notes& notes, const std::string& node, base::UnixTime now);

 private:
  using Table = std::map<std::string, std::uint32_t, std::less<>>;
  void begin_minute(std::int64_t minute);
  const std::uint32_t per_minute_max_;
  std::mutex mutex_;
  std::int64_t minute_ = 0;
  Table failures_;
  Table others_;  // of other nodes in this minute
  base::UnixTime exchanged_{};
};

}  // namespace sutler::admin
