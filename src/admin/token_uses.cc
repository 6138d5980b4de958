#include "admin/token_uses.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/log.h"

namespace sutler::admin {
namespace {

constexpr std::string_view kPrefix = "token-used/";
constexpr std::chrono::seconds kBetween{30};
constexpr std::chrono::seconds kReadEvery{60};

}  // namespace

TokenUses::TokenUses(store::Backend& backend) : backend_(backend) {
  if (auto known = read(); !known) {
    base::log::warning("when tokens were last used cannot be read",
                       {{"error", known.error().message}});
  }
}

base::Result<void> TokenUses::read() {
  auto rows = backend_.telemetry(std::string(kPrefix));
  if (!rows) return pass(rows);
  const std::lock_guard lock(mutex_);
  for (const store::Telemetry& row : *rows) {
    std::int64_t seconds = 0;
    const char* end = row.value.data() + row.value.size();
    const auto [stop, error] = std::from_chars(row.value.data(), end, seconds);
    constexpr std::int64_t kSecondsMax = 253'402'300'799;  // the end of the year 9999
    if (error != std::errc() || stop != end || seconds < 0 || seconds > kSecondsMax) continue;
    const auto time = base::UnixTime::from_seconds(seconds);
    const auto [at, is_new] = last_.emplace(row.key.substr(kPrefix.size()), time);
    if (is_new || at->second.seconds() == seconds) continue;
    // Somebody who did not know of our time wrote over it.
    if (seconds < at->second.seconds()) unsaved_.insert(at->first);
    at->second = std::max(at->second, time);
  }
  return {};
}

void TokenUses::note(std::string_view token_id, base::UnixTime now) {
  if (token_id.empty()) return;
  const std::lock_guard lock(mutex_);
  auto at = last_.find(token_id);
  if (at == last_.end()) {
    at = last_.emplace(token_id, now).first;
  } else if (at->second.seconds() >= now.seconds()) {
    return;
  }
  at->second = now;
  unsaved_.emplace(token_id);
}

std::optional<base::UnixTime> TokenUses::last(std::string_view token_id) const {
  const std::lock_guard lock(mutex_);
  const auto at = last_.find(token_id);
  if (at == last_.end()) return std::nullopt;
  return at->second;
}

void TokenUses::flush(base::UnixTime now, When when) {
  if (read_ == base::UnixTime{}) read_ = now;  // the constructor did
  if (when == When::kDue && (now < read_ || read_ + kReadEvery <= now)) {
    read_ = now;
    (void)read();  // next time, then
  }
  std::vector<store::Telemetry> batch;
  {
    const std::lock_guard lock(mutex_);
    if (unsaved_.empty() || (when == When::kDue && now < saved_ + kBetween && saved_ <= now))
      return;
    saved_ = now;
    for (const auto& id : unsaved_) {
      batch.push_back({std::string(kPrefix) + id, std::to_string(last_[id].seconds())});
    }
    unsaved_.clear();
  }
  if (auto written = backend_.put_telemetry(batch); !written) {
    base::log::warning("when tokens were last used cannot be written",
                       {{"error", written.error().message}});
  }
}

}  // namespace sutler::admin
