// Opens rows on all processors and gathers what they hold: loading a million records is mostly
// cryptography.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "store/record_codec.h"
#include "store/state.h"

namespace sutler::store {

// One thread add()s and finish()es. A small store never starts a thread.
class OpenerPool {
 public:
  explicit OpenerPool(const RecordCodec& codec) : codec_(codec) {}
  ~OpenerPool();
  OpenerPool(const OpenerPool&) = delete;
  OpenerPool& operator=(const OpenerPool&) = delete;

  // Takes a row that is not the head. An error may be that of any row before.
  [[nodiscard]] base::Result<void> add(Record&& record);
  // Waits for all rows. The state's head has count and set-hash as counted, its revision is 0.
  [[nodiscard]] base::Result<State> finish();

 private:
  using Batch = std::vector<Record>;
  // A group under its hash in the snapshot's table.
  struct Filed {
    std::uint64_t hash;
    std::shared_ptr<const GroupRecord> group;
  };

  struct Gone {
    std::uint64_t hash;
    std::shared_ptr<const DeletedGroup> group;
  };

  [[nodiscard]] base::Result<void> hand_over();
  void work();
  [[nodiscard]] base::Result<void> open_batch(const Batch& batch, Scratch& scratch);
  void gather(OpenedRecord&& record);
  [[nodiscard]] std::shared_ptr<Snapshot> make_snapshot();
  void start_threads();

  const RecordCodec& codec_;
  Batch filling_;

  std::mutex queue_mutex_;
  std::condition_variable queue_moved_;
  std::deque<Batch> queue_;
  bool closed_ = false;
  std::optional<base::Error> error_;

  std::mutex state_mutex_;
  Head head_;
  std::vector<Filed> groups_;
  std::vector<Gone> deleted_;
  std::map<std::string, std::shared_ptr<const TeamRecord>, std::less<>> teams_;
  OperatorTable operators_;
  HeldRecords others_;
  base::Secret audit_seed_;

  std::vector<std::thread> threads_;
};

}  // namespace sutler::store
