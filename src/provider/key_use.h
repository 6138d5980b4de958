// When each signing key last verified a token. A fetch pays one relaxed store into memory of its
// own thread; somebody else gathers what the threads have, once in a while.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"

namespace sutler::provider {

// Thread-safe.
class KeyUse {
 public:
  // Of one key and one thread.
  class Slot {
   public:
    void note(base::UnixTime now) { last_.store(now.microseconds, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t last() const { return last_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::int64_t> last_{0};
  };

  // A new slot, which counts for as long as somebody holds it.
  [[nodiscard]] std::shared_ptr<Slot> add_slot(std::string_view team, std::string_view key_id);

  struct Used {
    std::string team;
    std::string key_id;
    base::UnixTime last;
  };
  // The keys that were used since the last call.
  [[nodiscard]] std::vector<Used> take_newer();

 private:
  struct Key {
    std::int64_t told = 0;
    std::vector<std::shared_ptr<Slot>> slots;
  };
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Key> keys_;
};

}  // namespace sutler::provider
