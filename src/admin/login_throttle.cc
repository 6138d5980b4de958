#include "admin/login_throttle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>
#include <vector>

#include "store/wire.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kAddressesMax = 10'000;
constexpr std::int64_t kMinuteSeconds = 60;
constexpr std::chrono::seconds kExchangeEvery{5};
constexpr std::ptrdiff_t kToldMax = 1000;
constexpr char kRows[] = "login-failures/";
constexpr unsigned kFormat = 1;
constexpr std::size_t kNetworkBytes = 8;
// `::ffff:0:0/96`: IPv4 in the form of IPv6.
constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);

using Failed = std::pair<std::string, std::uint32_t>;

std::string encode(std::int64_t minute, const std::vector<Failed>& failures) {
  store::ByteWriter out(64 + failures.size() * 32);
  out.byte(kFormat);
  out.signed_number(minute);
  out.number(failures.size());
  for (const auto& [address, count] : failures) {
    out.text(address);
    out.number(count);
  }
  return std::move(out).take();
}

// Nothing of another minute.
std::vector<Failed> decode(std::int64_t minute, std::string_view text) {
  store::ByteReader in(text);
  if (in.byte(kFormat) != kFormat || in.signed_number() != minute) return {};
  std::vector<Failed> failures;
  for (std::size_t left = in.count(); left > 0 && in.ok(); --left) {
    std::string address(in.text());
    failures.emplace_back(std::move(address), static_cast<std::uint32_t>(in.number()));
  }
  if (!in.done()) return {};
  return failures;
}

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

void LoginThrottle::begin_minute(std::int64_t minute) {
  if (minute == minute_) return;
  minute_ = minute;
  failures_.clear();
  others_.clear();
}

std::int64_t LoginThrottle::failed(std::string_view address, base::UnixTime now) {
  const std::int64_t minute = now.seconds() / kMinuteSeconds;
  const std::lock_guard lock(mutex_);
  begin_minute(minute);
  const std::string counted = counted_as(address);
  auto at = failures_.find(counted);
  if (at == failures_.end()) {
    // Where more addresses fail than are followed, the new ones count as over the limit.
    if (failures_.size() >= kAddressesMax) return kMinuteSeconds - now.seconds() % kMinuteSeconds;
    at = failures_.emplace(counted, 0).first;
  }
  const auto elsewhere = others_.find(counted);
  const std::uint64_t others = elsewhere == others_.end() ? 0 : elsewhere->second;
  if (++at->second + others <= per_minute_max_) return 0;
  return kMinuteSeconds - now.seconds() % kMinuteSeconds;
}

void LoginThrottle::exchange(const store::Notes& notes, const std::string& node,
                             base::UnixTime now) {
  const std::int64_t minute = now.seconds() / kMinuteSeconds;
  std::vector<Failed> own;
  {
    const std::lock_guard lock(mutex_);
    begin_minute(minute);
    if (failures_.empty() || (exchanged_ <= now && now < exchanged_ + kExchangeEvery)) return;
    exchanged_ = now;
    own.assign(failures_.begin(), failures_.end());
  }
  if (own.size() > kToldMax) {
    std::ranges::nth_element(own, own.begin() + kToldMax, std::greater{}, &Failed::second);
    own.resize(kToldMax);
  }
  const std::string row = kRows + node;
  (void)notes.put({{row, encode(minute, own)}});
  const auto found = notes.read(kRows);
  if (!found) return;
  Table others;
  for (const store::Note& note : *found) {
    if (note.row == row) continue;
    for (const auto& [address, count] : decode(minute, note.text)) {
      if (others.size() < kAddressesMax || others.contains(address)) others[address] += count;
    }
  }
  const std::lock_guard lock(mutex_);
  if (minute == minute_) others_ = std::move(others);
}

}  // namespace sutler::admin
