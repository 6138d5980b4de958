// One document of one source as it is known now.
//
// What fetches ask of it without a lock (generation, until when answers hold, when it was used) is
// atomic; all else is guarded by the lock of its CachedSource.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "source/driver.h"
#include "source/freshness.h"
#include "source/memory_seal.h"
#include "source/waiting.h"

namespace sutler::source {

class Slot {
 public:
  explicit Slot(std::string where) : locator(std::move(where)) {}

  // Raised when what it would answer has changed.
  std::atomic<std::uint64_t> generation{1};
  std::atomic<std::int64_t> holds_until{0};  // microseconds, as base::UnixTime
  mutable std::atomic<std::int64_t> used_at{0};

  void hold(base::UnixTime until) {
    holds_until.store(until.microseconds, std::memory_order_relaxed);
  }
  void use(base::UnixTime now) const { used_at.store(now.microseconds, std::memory_order_relaxed); }
  [[nodiscard]] base::UnixTime last_use() const {
    return {used_at.load(std::memory_order_relaxed)};
  }
  // What hangs on it holds no more, whatever comes.
  void retire() {
    generation.fetch_add(1, std::memory_order_relaxed);
    hold({});
  }

  const std::string locator;

  // Guarded from here on.
  Known known;
  std::shared_ptr<const Content> content;  // while `known` is a value
  std::optional<Failure> failure;          // of the last call, if it failed
  std::vector<std::shared_ptr<Waiting>> waiters;
  bool queued = false;                // waits for its turn; else, while asking, a call is under way
  bool foreground = false;            // while queued: somebody waits for it
  bool probe = false;                 // its call is the one that an open breaker let through
  bool changed = false;               // said to have changed while a call was under way
  bool dirty = false;                 // to be written to the disk
  base::UnixTime written_at;          // read_at as the disk has it
  std::optional<base::UnixTime> due;  // when the keeper looks at it
  base::UnixTime listed_at;           // use, as the list of the least recently used knows it
  std::list<std::shared_ptr<Slot>>::iterator place;
};

}  // namespace sutler::source
