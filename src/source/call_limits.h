// How often and whether a store is called: its breaker and its rate. Plain state; whoever holds one
// guards it with a lock and brings time and chance.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "base/clock.h"
#include "source/freshness.h"

namespace sutler::source {

// Opens after some outages in a row; then one call at a time is let through, at growing intervals,
// until one is answered. Whatever the store answers, "no" included, closes it.
class Breaker {
 public:
  static constexpr unsigned kOutagesToOpen = 5;

  // The store counts as out: no call but a probe may start, and what there is is served stale.
  [[nodiscard]] bool is_open() const { return open_; }
  // Whether a call may start now; while open that call is the probe.
  [[nodiscard]] bool admits(base::UnixTime now) const {
    return !open_ || (!probing_ && now >= retry_at_);
  }
  [[nodiscard]] base::UnixTime retry_at() const { return retry_at_; }

  // A call that was admitted starts. True: it is the probe.
  [[nodiscard]] bool start() {
    probing_ = open_;
    return probing_;
  }
  // True when it was open and is closed by this.
  bool note_answer() {
    outages_ = 0;
    openings_ = 0;
    probing_ = false;
    return std::exchange(open_, false);
  }
  // True when it opens by this.
  bool note_outage(base::UnixTime now, double chance) {
    if (open_ || ++outages_ < kOutagesToOpen) return false;
    open(now, chance);
    return true;
  }
  void note_failed_probe(base::UnixTime now, double chance) {
    if (open_) open(now, chance);
  }
  // Somebody asks for a try by hand.
  void retry_now(base::UnixTime now) { retry_at_ = std::min(retry_at_, now); }
  void shift_back(std::chrono::microseconds d) { retry_at_ = retry_at_ + -d; }

 private:
  void open(base::UnixTime now, double chance) {
    open_ = true;
    probing_ = false;
    retry_at_ = now + hold_after(++openings_, chance);
  }

  bool open_ = false, probing_ = false;
  unsigned outages_ = 0, openings_ = 0;
  base::UnixTime retry_at_;
};

// At most `per_second` calls a second over time, a second's worth at once.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TokenBucket(std::size_t per_second, Time now)
      : rate_(static_cast<double>(std::max<std::size_t>(per_second, 1))),
        tokens_(rate_),
        filled_at_(now) {}

  // Zero: taken. Else nothing was taken, and this is how long to wait before asking again.
  [[nodiscard]] std::chrono::microseconds take(Time now) {
    const std::chrono::duration<double> since = now - filled_at_;
    tokens_ = std::min(rate_, tokens_ + rate_ * std::max(since.count(), 0.0));
    filled_at_ = std::max(filled_at_, now);
    if (tokens_ >= 1) {
      tokens_ -= 1;
      return std::chrono::microseconds(0);
    }
    return std::chrono::microseconds(1 + static_cast<long>((1 - tokens_) / rate_ * 1e6));
  }

 private:
  double rate_;
  double tokens_;
  Time filled_at_;
};

}  // namespace sutler::source
