// Whether the wall clock may decide what is deleted for good. It may be set wrong by a firmware, a
// virtual machine or NTP, and comes right again; old versions and the audit do not.
//
// The clock is trusted while it goes on from the last time that was trusted, give or take two days.
// That mark is kept in the store. After a jump (and after a longer stop, which looks the same) the
// clock is trusted again when it is back near the mark, or has run a day without another jump.
//
// Each node keeps a mark of its own. One that has none yet goes by the newest of the others.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/clock.h"
#include "store/notes.h"

namespace sutler::server {

// Thread-safe.
class ClockTrust {
 public:
  // Reads the mark. Backend and clock must outlive it; the other is of a clock that never goes
  // back.
  // `node` as ThisNode::telemetry.
  ClockTrust(store::Backend& backend, const base::Secret& audit_seed, const base::Clock& clock,
             double monotonic_seconds, const std::string& node = {});

  // About once a second: looks whether the clock jumped, which is logged, and keeps the mark now
  // and then.
  void look(double monotonic_seconds);
  [[nodiscard]] bool trusted() const;

 private:
  struct Mark {
    base::UnixTime wall;
    double monotonic = 0;
    [[nodiscard]] bool leads_to(const Mark& later) const;
  };
  void keep(const Mark& now);

  const store::Notes notes_;
  const std::string row_;
  const base::Clock& clock_;
  mutable std::mutex mutex_;  // over what follows
  std::optional<Mark> good_;
  std::optional<Mark> candidate_;  // since when the clock runs without a jump
  std::optional<double> kept_;     // when, monotonic
  bool trusted_ = false;
};

}  // namespace sutler::server
