// Lets old chunks go from the shared table. First a record in this node's log says up to where; it
// is signed and copied to the table itself, and only then they go: so whoever proves the chains in
// the table can tell what was let go from what somebody took away.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "audit/chunk.h"
#include "audit/event.h"
#include "base/clock.h"
#include "base/result.h"

namespace sutler::audit {

// Not thread-safe.
class ShipRetention {
 public:
  struct Options {
    std::uint64_t days = 0;  // 0: nothing goes
    std::function<bool()> clock_trusted = {};
    std::chrono::milliseconds every{60'000};
    std::size_t chunks_max = 256;  // at once
  };
  // The table must outlive it.
  ShipRetention(Options options, std::string node, ChunkTable& table);

  // What is due now: of this node, and of nodes that have not been heard of for a day. `shipped` is
  // the seq up to where this node's own lines are in the table; `record` writes an event and gives
  // the log's last seq.
  [[nodiscard]] base::Result<void> round(
      base::UnixTime now, std::uint64_t shipped,
      const std::function<base::Result<std::uint64_t>(const Event&)>& record);

 private:
  struct Plan {
    std::string node;
    std::vector<std::uint64_t> first_seqs;
    std::uint64_t last_seq = 0;
    std::string last_hash;
    std::uint64_t lines = 0;
    std::uint64_t recorded_as = 0;  // may go when the table has this line
  };
  [[nodiscard]] base::Result<std::vector<std::string>> nodes_to_look_at(base::UnixTime now);
  [[nodiscard]] base::Result<Plan> plan(const std::string& node, base::UnixTime before);

  const Options options_;
  const std::string node_;
  ChunkTable& table_;
  std::vector<Plan> recorded_;
  double looked_ = -1e9;  // monotonic seconds
};

}  // namespace sutler::audit
