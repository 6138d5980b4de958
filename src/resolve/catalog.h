// The snapshot together with the index by which a workload's groups are found. Rebuilt in small
// steps from what the store publishes; swapped as a whole.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "resolve/match_index.h"
#include "store/snapshot.h"
#include "store/store.h"

namespace sutler::resolve {

struct View {
  std::shared_ptr<const store::Snapshot> snapshot;
  MatchIndex index;
  // Which publication of its Catalog this is, from 1; no two views of a Catalog have the same. (A
  // revision could come twice: after a backup was put back.)
  std::uint64_t generation = 0;
};

// Holds the current View. publish() comes from the store's one writer; view() from any thread.
class Catalog {
 public:
  // Costs the copy of one pointer per shard of the index and the groups that went and came; with
  // `all`, or the first time, the index is built from the whole snapshot.
  void publish(const store::Publication& publication);
  // Null before the first publish().
  [[nodiscard]] std::shared_ptr<const View> view() const;
  // Rises with each publish: a reader that keeps a view asks this first.
  [[nodiscard]] std::uint64_t generation() const {
    return generation_.load(std::memory_order_acquire);
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const View> view_;
  std::atomic<std::uint64_t> generation_{0};
};

}  // namespace sutler::resolve
