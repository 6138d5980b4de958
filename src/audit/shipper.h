// Copies the lines of this node's log to the table that all nodes share.
//
// A thread of its own reads them from the local files, after what the table has already: that is
// the cursor, and there is no other, so that a crash at any point sends nothing twice and leaves
// nothing out. Only lines go that a checkpoint signs which has reached the disk. While the table
// cannot be written they wait in the files, not in memory.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "audit/chunk.h"
#include "audit/event.h"
#include "audit/line.h"
#include "audit/log.h"
#include "audit/ship_retention.h"
#include "audit/tail.h"
#include "base/clock.h"
#include "base/result.h"

namespace sutler::audit {

struct ShipOptions {
  std::filesystem::path folder;  // of the log
  std::string node;              // is_node_id(); what the log's lines name
  std::string node_name;         // of its host, for people
  std::size_t chunk_bytes = 100 * 1024;
  std::size_t batch_bytes = 1024 * 1024;  // that are read and written at once, a line more at most
  ShipRetention::Options keep = {};
  std::chrono::milliseconds retry_after{1000};
  std::chrono::milliseconds announce_every{20'000};  // when there is nothing to send
};

struct ShipStats {
  std::uint64_t shipped_seq = 0;  // of the last line in the table, as far as is known
  std::uint64_t behind_lines = 0;
  double behind_seconds = 0;                          // since the oldest of them was written
  std::uint64_t chunks = 0, bytes = 0, failures = 0;  // since the start
  std::uint64_t damaged = 0;                          // rows of this node that somebody changed
  std::optional<base::Error> error;                   // while it fails
};

class Shipper {
 public:
  // All must outlive it. Starts with the first checkpoint.
  Shipper(ShipOptions options, ChunkTable& table, const base::Clock& clock);
  ~Shipper();  // sends what there is, once, and says that this node has stopped
  Shipper(const Shipper&) = delete;
  Shipper& operator=(const Shipper&) = delete;

  // The last line of this node in the table, for Log::open(); nothing (seq 0) when there is none.
  [[nodiscard]] base::Result<Position> end_in_table();
  // A checkpoint of the log has reached the disk. Returns at once.
  void reached(const Position& checkpoint);
  // Retention in the table writes its records by `record`, which gives the log's last seq then; it
  // is not called any more when what this returned is gone. Without it nothing is removed.
  using Record = std::function<base::Result<std::uint64_t>(const Event&)>;
  [[nodiscard]] std::shared_ptr<void> attach(Record record);

  [[nodiscard]] ShipStats stats() const;

 private:
  enum class Last { kNo, kYes };
  void run();
  [[nodiscard]] bool is_due(double now) const;  // mutex_ held
  void round(Last last);
  [[nodiscard]] base::Result<void> ship(const Position& until, Last last);
  [[nodiscard]] base::Result<void> find_cursor(const Position& until);
  [[nodiscard]] base::Result<std::vector<Chunk>> next_chunks(std::uint64_t until);
  [[nodiscard]] base::Result<void> put(const std::vector<Chunk>& chunks, const Position& until,
                                       Last last);
  [[nodiscard]] base::Result<void> retain();
  void report(const base::Result<void>& done);

  const ShipOptions options_;
  ChunkTable& table_;
  const base::Clock& clock_;
  // Of the thread only.
  Tail tail_;
  std::optional<Chain> cursor_;  // nothing: to be asked of the table
  double announced_ = -1e9;      // monotonic seconds
  ShipRetention retention_;

  std::mutex record_mutex_;  // over record_; held while it is called
  Record record_;

  mutable std::mutex mutex_;  // over all that follows
  std::condition_variable news_;
  Position reached_;
  base::UnixTime waiting_since_{};  // 0: nothing waits
  ShipStats stats_;
  double retry_at_ = 0;  // monotonic seconds
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace sutler::audit
