// Where a thread that answers fetches notes them: one table of its own, which the registry takes
// away every second. A fetch that is repeated within the second only moves a counter.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "registry/served.h"

namespace sutler::registry {

// When a request came by a clock that never goes back. Means nothing after a restart.
using Arrival = std::chrono::steady_clock::time_point;

// How a workload asked. Views need to live for the call only.
struct Circumstances {
  base::UnixTime time;
  std::string_view remote;
  std::string_view key_id;                // of the signing key that verified its token
  std::optional<double> issued_at = {};   // of the token, as written in it
  std::optional<double> expires_at = {};  // the same
  Arrival arrived = std::chrono::steady_clock::now();
};

// The last circumstances, kept.
struct LastAsked {
  base::UnixTime time;
  std::string remote;
  std::string key_id;
  std::optional<double> issued_at;
  std::optional<double> expires_at;
  Arrival arrived;  // not kept

  void take(const Circumstances& now);
};

// All fetches of one bundle since the recorder was emptied.
struct Repeated {
  ServedPointer served;
  std::uint64_t count = 0;
  base::UnixTime first;
  LastAsked last;
};

// Fetches that a verified token asked for and that could not be answered.
struct Failed {
  model::Workload workload;
  std::uint64_t count = 0;
  std::string reason;  // the last
  LastAsked last;
};

// note() and note_failure() are for one thread, take() for another: the lock between them is all
// but never waited for.
class Recorder {
 public:
  // A table holds at most that many bundles and failures between two take(); what is beyond is
  // counted as lost. The audit has it.
  static constexpr std::size_t kHeldMax = 131'072;

  void note(const ServedPointer& served, const Circumstances& now);
  void note_failure(const model::Workload& workload, std::string_view reason,
                    const Circumstances& now);

  struct Taken {
    std::unordered_map<const Served*, Repeated> fetches;
    std::vector<Failed> failures;
    std::uint64_t lost = 0;
  };
  // What was noted since the last take(). Into `taken`, whose memory is used again.
  void take(Taken& taken);

 private:
  std::mutex mutex_;
  Taken held_;
};

}  // namespace sutler::registry
