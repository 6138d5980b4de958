// One source: what is known of its documents, who waits for them, and the threads that call its
// store. All in one lock that is never held over a call, a seal or a `done`.
//
// Threads are made when there is something to read, up to the source's concurrency, and end when
// idle. One that hangs in a driver beyond its deadline is given up: those who wait are told, and
// what it brings later is not used.
#pragma once

#include <array>
#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "source/call_limits.h"
#include "source/disk_cache.h"
#include "source/slot.h"
#include "source/sources.h"

namespace sutler::source {

// What all sources have in common. Outlives threads that hang.
struct Shared {
  Shared(const base::Clock& the_clock, Sources::Options the_options)
      : clock(the_clock), options(std::move(the_options)) {}

  const base::Clock& clock;  // not used once the sources are stopped
  const Sources::Options options;
  MemorySeal seal;
  Alarm alarm;
  std::unique_ptr<DiskCache> disk;  // null: none is kept
  std::atomic<std::size_t> documents{0};
  std::atomic<std::size_t> bytes{0};
  std::function<void()> make_room;  // called without locks
  // How long each obtain() took until its `done`. Who waits may outlive all else here.
  const std::shared_ptr<base::LatencyHistogram> waits = std::make_shared<base::LatencyHistogram>();

  [[nodiscard]] bool is_full() const {
    return documents > options.documents_max || bytes > options.bytes_max;
  }
};

class CachedSource : public std::enable_shared_from_this<CachedSource> {
 public:
  CachedSource(Sources::Configured configured, std::shared_ptr<Shared> shared);
  void start();

  [[nodiscard]] const Common& common() const { return common_; }
  [[nodiscard]] Driver& driver() const { return *driver_; }

  // What can be said of a document now.
  struct Look {
    Verdict verdict = Verdict::kNone;
    std::shared_ptr<const Slot> slot;  // null: nothing is known
    std::uint64_t generation = 0;
    std::shared_ptr<const Content> content;  // kFresh, kStale
    std::optional<Failure> failure;          // kNegative: the store's word; else of the last call
    std::optional<Origin> origin;
  };
  [[nodiscard]] Look look(std::string_view locator, Wait wait);

  // When it may be asked for again: after what failed, what the store denied, or the breaker.
  // Nothing: at once.
  [[nodiscard]] std::optional<base::UnixTime> next_try(std::string_view locator);

  // Has them read, each unless that is not needed or not possible now; `waiting` waits for those.
  void join(const std::vector<std::string>& locators, const std::shared_ptr<Waiting>& waiting);
  [[nodiscard]] Sources::Refreshed refresh();

  // What the disk has. It is asked for before it is served, unless the store is out.
  void restore(DiskCache::Kept kept);
  // Looks after what is due: refreshes ahead, forgets, gives up calls that hang.
  void keep();
  // Writes to the disk what changed.
  void write_dirty();
  // All times back, after the clock.
  void shift_back(std::chrono::microseconds d);
  // When its least recently used document was used; nothing: there is none that could go.
  [[nodiscard]] std::optional<base::UnixTime> oldest_use();
  // False: there was none that could go.
  bool evict_oldest();

  [[nodiscard]] SourceStatus status();
  struct Figures {
    base::LatencyHistogram::Totals latency;
    std::uint64_t stale_served = 0, refreshed_ahead = 0, evicted = 0;
  };
  [[nodiscard]] Figures figures();

  void stop();          // starts nothing more; does not wait
  void wait_for_end();  // after stop(): until all threads have ended, or hang beyond their deadline

 private:
  // A driver that has not come back this long after its deadline hangs.
  static constexpr std::chrono::milliseconds kGrace{1000};
  using Lock = std::unique_lock<std::mutex>;
  using SlotPointer = std::shared_ptr<Slot>;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const {
      return std::hash<std::string_view>()(text);
    }
  };
  // One answer, sealed.
  struct Outcome {
    SlotPointer slot;
    std::shared_ptr<const Content> content;  // null: `failure`
    std::chrono::microseconds good_for{0};
    Failure failure;
  };
  struct Call {
    std::vector<SlotPointer> slots;
    std::vector<std::shared_ptr<const Content>> before;
    Deadline deadline;
    bool probe = false;
    bool in_driver = false;
    bool abandoned = false;
  };
  using CallPointer = std::shared_ptr<Call>;
  // What is to be done when the lock is gone.
  struct After {
    std::vector<std::shared_ptr<Waiting>> fire;
    std::vector<std::string> forget;  // locators, on the disk
  };

  [[nodiscard]] Store store(base::UnixTime now) const {
    return breaker_.admits(now) ? Store::kThere : Store::kOut;
  }
  [[nodiscard]] Failure out_failure() const;
  SlotPointer find_or_make(std::string_view locator, base::UnixTime now);
  void schedule(Slot& slot, std::optional<base::UnixTime> due);
  void erase(const SlotPointer& slot);
  void drop_content(Slot& slot);
  void enqueue(const SlotPointer& slot);
  void to_foreground(const SlotPointer& slot);
  void make_threads();
  void attend(const SlotPointer& slot, base::UnixTime now, After& after);
  void abandon_hanging(After& after);
  void watch();  // a thread of its own, where the driver watches
  void take_changed();
  struct Round;
  void start_round(Round& round, const std::shared_ptr<Waiting>& waiting);
  void finish(Lock& lock, After after);

  // cached_source_calls.cc
  void work();
  [[nodiscard]] bool take_token(Lock& lock);
  [[nodiscard]] CallPointer next_call();
  void run(Lock& lock, const CallPointer& call);
  [[nodiscard]] std::vector<Outcome> ask(const Call& call);
  [[nodiscard]] Outcome outcome_of(const Call& call, std::size_t index, Answer<Document> answer);
  void settle(Outcome outcome, After& after);
  void settle_value(Slot& slot, Outcome outcome, base::UnixTime now);
  void settle_negative(Slot& slot, Failure failure, base::UnixTime now, After& after);
  void settle_outage(Slot& slot, Failure failure, base::UnixTime now, After& after);
  void settled(const SlotPointer& slot, base::UnixTime now, After& after);
  void note_call(const std::vector<Outcome>& outcomes, base::UnixTime now);
  void note_lost_call(bool probe, base::UnixTime now, After& after);
  void give_up_queue(After& after);
  void store_is_back(base::UnixTime now);

  const Common common_;
  const Spans spans_;
  const std::unique_ptr<Driver> driver_;
  const std::shared_ptr<Shared> shared_;

  std::mutex mutex_;
  std::condition_variable work_, pause_, watch_, ended_;
  std::unordered_map<std::string_view, SlotPointer, Hash, std::equal_to<>> slots_;
  std::list<SlotPointer> by_use_;  // most recently listed first
  std::set<std::pair<base::UnixTime, Slot*>> due_;
  std::list<SlotPointer> foreground_, background_;  // entries that are no longer queued are skipped
  std::size_t queued_ = 0;
  std::vector<SlotPointer> dirty_;
  std::list<CallPointer> calls_;
  Breaker breaker_;
  TokenBucket tokens_;
  bool stopped_ = false;
  std::size_t live_ = 0, idle_ = 0;
  std::unordered_map<std::thread::id, std::thread> threads_;
  std::vector<std::thread> ended_threads_;
  std::thread watcher_;
  bool watches_ = false;

  // Counted.
  std::uint64_t call_count_ = 0, hits_ = 0, stale_served_ = 0, refreshed_ahead_ = 0, evicted_ = 0;
  std::array<std::uint64_t, 5> errors_{};
  base::LatencyHistogram latency_;
  bool reachable_ = true;
  std::optional<base::UnixTime> last_success_, last_failure_;
  std::string last_error_;
};

}  // namespace sutler::source
