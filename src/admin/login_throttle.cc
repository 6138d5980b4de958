#include "admin/login_throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace sutler::admin {
namespace {

constexpr std::size_t kAddressesMax = 10'000;
constexpr std::int64_t kMinuteSeconds = 60;
constexpr std::size_t kNetworkBytes = 8;
// `::ffff:0:0/96`: IPv4 in the form of IPv6.
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

}  // namespace

std::string counted_as(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  const std::string_view all(bytes.data(), bytes.size());
  std::array<char, INET6_ADDRSTRLEN> out{};
  if (all.starts_with(kMapped)) {
    (void)::inet_ntop(AF_INET, bytes.data() + kMapped.size(), out.data(), out.size());
    return out.data();
  }
  std::fill(bytes.begin() + kNetworkBytes, bytes.end(), '\0');
  (void)::inet_ntop(AF_INET6, bytes.data(), out.data(), out.size());
  return std::string(out.data()) + "/64";
}

std::int64_t LoginThrottle::failed(std::string_view address, base::UnixTime now) {
  const std::int64_t minute = now.seconds() / kMinuteSeconds;
  const std::lock_guard lock(mutex_);
  if (minute != minute_) {
    minute_ = minute;
    failures_.clear();
  }
  const std::string counted = counted_as(address);
  auto at = failures_.find(counted);
  if (at == failures_.end()) {
    // Where more addresses fail than are followed, the new ones count as over the limit.
    if (failures_.size() >= kAddressesMax) return kMinuteSeconds - now.seconds() % kMinuteSeconds;
    at = failures_.emplace(counted, 0).first;
  }
  if (++at->second <= per_minute_max_) return 0;
  return kMinuteSeconds - now.seconds() % kMinuteSeconds;
}

}  // namespace sutler::admin
