// The inside of Log. The work is in log.cc (open, the file), log_sinks.cc (append, what stands
// beside the file), log_background.cc (sync, checkpoint, rotation, reserve), log_retention.cc and
// log_repair.cc (after a failure).
//
// Invariants, all under mutex_:
// 1. The lines of *file_ and then backlog_ are the chain that ends in chain_; every acknowledged
//    line is in them, or in a file before.
// 2. mutex_ is never held across an fdatasync while the log is working. (Repair holds it: then
//    appends have to wait or fail anyway.)
// 3. Lines count as synced only when the files before theirs are: unsynced_ holds those, in order.
//
// State            | append                       | leaves it by
// working          | writes all                   | ENOSPC with a reserve -> low; sink error ->
// failed low (low_space_) | writes grants, counts others | background: reserve made again ->
// working failed (failed_) | fails                        | repair(): -> as before
//
// Locks: sync_mutex_ before mutex_, never the other way round.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "audit/log.h"
#include "audit/log_file.h"
#include "audit/log_start.h"
#include "audit/reserve.h"
#include "base/file.h"
#include "crypto/signature.h"

namespace sutler::audit {

// How many of the files, by size and by the time of their first line, go by `keep`.
[[nodiscard]] std::size_t files_to_prune(const std::vector<std::uint64_t>& bytes,
                                         const std::vector<base::UnixTime>& begins,
                                         const Keep& keep, base::UnixTime now);

// Tells of a failure when it starts and when it ends, and not in between.
class FailureNews {
 public:
  // `what` is a sentence's start: "audit checkpoint".
  explicit FailureNews(std::string_view what) : what_(what) {}
  void report(const base::Result<void>& result);

 private:
  std::string_view what_;
  bool failing_ = false;
};

class Log::Impl {
 public:
  Impl(const Options& options, crypto::SigningKey key, const base::Clock& clock,
       std::function<void(const Position&)> keep_checkpoint);
  ~Impl();

  // log.cc
  base::Result<void> open_folder();
  base::Result<void> open_sinks();  // log_sinks.cc
  base::Result<void> start(const Chain& known);
  base::Result<void> append(std::span<const Event> events, Durability durability);
  Position position() const;
  std::filesystem::path current_file() const;
  const std::string& public_key() const { return public_key_; }
  const std::string& node() const { return options_.node; }
  bool reserve_intact() const { return reserve_.is_intact(); }
  Stats stats() const;
  bool low_on_space() const {
    const std::lock_guard lock(mutex_);
    return low_space_;
  }

 private:
  enum class Space { kNormal, kReserve };
  struct Own {
    std::string_view event, reason;  // literals
    std::uint64_t count = 0;
  };

  // log_sinks.cc
  void publish(std::string_view lines, std::uint64_t last_seq);
  base::Result<std::uint64_t> set_beside(std::span<const Event> events);  // mutex_ held
  base::Result<void> taken_beside(std::uint64_t seq, base::Result<void> otherwise);
  std::uint64_t file_seq() const;  // of the last line in a file; mutex_ held

  // log.cc; with mutex_ held
  base::Result<void> append_to_file(std::span<const Event> events, Durability durability);
  base::Result<void> write_batch(std::span<const Event> events, Durability durability);
  void drop(std::span<const Event> events);
  base::Result<void> write_grants(std::span<const Event> events, Durability durability);
  base::Result<void> format(std::span<const Event> events, Chain& next);
  base::Result<void> format_one(const Event& event, Chain& next);
  base::Result<void> write_buffer(const Chain& next, Space space);
  base::Result<void> write_lines(std::string_view lines, const Chain& before, const Chain& last,
                                 Space space);
  base::Result<void> format_own(Chain& next);
  base::Result<void> write_own(Space space);
  bool has_work() const;

  // log_background.cc
  enum class Tick { kUsual, kLast };
  void run();
  void tick(Tick kind);
  void look_after_file();
  void look_after_reserve();
  base::Result<void> write_tick_lines(Tick kind);  // mutex_ held
  base::Result<void> rotate_if_large();
  void hand_over_checkpoint();
  base::Result<void> prune_if_due();  // log_retention.cc
  base::Result<void> tell_pruned(std::uint64_t first_seq, const Chain& end);
  base::Result<void> write_pruned(const Chain& end, std::uint64_t lines);  // mutex_ held
  base::Result<void> sync_to(std::uint64_t seq);
  base::Result<void> settled(std::uint64_t seq) const;  // mutex_ held: what came of that line
  base::Result<void> sync_folder();
  void sync_last_rotated();

  // log_repair.cc; with mutex_ held
  void fail_sink(const base::Error& error);
  base::Result<void> repair();
  base::Result<void> repair_folder();
  base::Result<void> repair_file();
  base::Result<void> repair_rotated();
  base::Result<void> go_on_in_new_file();

  const Options options_;
  const crypto::SigningKey key_;
  const std::string public_key_;
  const base::Clock& clock_;
  const std::function<void(const Position&)> keep_checkpoint_;
  base::FileDescriptor folder_;  // locked: one process writes
  Reserve reserve_;

  mutable std::mutex mutex_;
  std::shared_ptr<LogFile> file_;
  Chain chain_;
  bool ends_in_checkpoint_ = false;
  bool low_space_ = false;
  std::optional<base::Error> failed_;
  double repair_not_before_ = 0;  // monotonic seconds: a broken disk is not asked at every fetch
  std::uint64_t dropped_total_ = 0, failures_ = 0;  // since the start
  std::uint64_t dropped_ = 0;  // events that had to go unrecorded, not told of yet
  std::vector<Own> owed_;      // events of the log itself, to be written before all others
  std::uint64_t synced_seq_ = 0;
  std::uint64_t lost_after_ = 0, lost_through_ = 0;  // lines that may be lost with their file
  std::vector<std::shared_ptr<LogFile>> unsynced_;   // rotated
  bool folder_unsynced_ = false;                     // has a new name
  Position unkept_;  // the last checkpoint, until it was handed to keep_checkpoint_
  // Lines that only other sinks have, to be written to the file before all others.
  std::string backlog_;
  Chain backlog_start_;
  std::string buffer_;
  FailureNews sink_news_{"audit log"};

  std::mutex sync_mutex_;  // one fdatasync at a time; who waits for it is often done with it

  // Of the background thread only.
  FailureNews checkpoint_news_{"audit checkpoint"};
  FailureNews rotation_news_{"audit rotation"};
  FailureNews reserve_news_{"audit reserve"};
  FailureNews retention_news_{"audit retention"};
  double prune_not_before_ = 0;   // monotonic seconds
  std::uint64_t pruned_seq_ = 0;  // up to where a record says that lines were let go

  std::vector<std::unique_ptr<SinkQueue>> sinks_;

  bool idle_ = false;  // the thread waits for work and wants to be told
  bool stop_ = false;
  std::condition_variable work_;
  std::condition_variable pace_;
  std::thread thread_;
};

}  // namespace sutler::audit
