// Which workload fetched which versions when. sutler sees every start of every workload; this is
// where it remembers them.
//
// Recorders take notes on the threads that answer; settle() merges the notes, once a second and
// before somebody reads. In memory it is whole; rows in the store (row_store.h) bring it over a
// restart. It is telemetry: a crash may cost the last seconds of it, and the audit log is the
// truth.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <string>
#include <vector>

#include "registry/record.h"
#include "registry/recorder.h"

namespace sutler::registry {

struct Options {
  std::size_t workloads_max = 200'000;  // more: see forgotten()
  std::size_t versions_max = 64;        // rows of Received of one workload
};

class Registry {
 public:
  // `key` is for digests of key lists: secret, and the same at each start.
  Registry(const Options& options, std::string_view key);

  // For one thread that answers fetches; it may outlive its thread.
  [[nodiscard]] std::shared_ptr<Recorder> recorder();
  // Merges what all recorders hold.
  void settle();

  // In order of team, project, object and type, starting behind `after` if that is given. `visit`
  // gets a `const Record&` and says whether to go on; it must not call back here. Merging waits
  // meanwhile, fetches do not.
  template <class Visit>
  void for_each(const model::Workload* after, Visit&& visit) const {
    const std::shared_lock lock(mutex_);
    auto at = after == nullptr ? records_.begin() : records_.upper_bound(*after);
    for (; at != records_.end() && visit(*at->second); ++at) {
    }
  }
  // A copy.
  [[nodiscard]] std::optional<Record> find(const model::Workload& workload) const;
  [[nodiscard]] std::size_t size() const;

  struct Counters {
    std::uint64_t evicted = 0;  // forgotten because there were too many
    std::uint64_t lost = 0;     // fetches that a recorder could not hold
  };
  [[nodiscard]] Counters counters() const;

  // Those that had to go because there were more than `workloads_max`. The team that has most loses
  // first, of its own those unseen for longest: no team can push another's out.
  [[nodiscard]] Forgotten forgotten() const;

  // Workloads seen for the first time since the last call, in order; at most `max`, the others are
  // counted only. They are told of once.
  struct Newcomers {
    std::vector<Record> workloads;
    std::uint64_t more = 0;
  };
  [[nodiscard]] Newcomers take_newcomers(std::size_t max);

  // What a row store has to write: records whose content changed (first), then those that were only
  // seen again, if they are due; at most `max`. And who was evicted.
  struct Changes {
    std::vector<Record> records;
    std::vector<model::Workload> gone;
    std::optional<Forgotten> forgotten;  // when it is another than at the last write
  };
  enum class Due { kNews, kAll };
  [[nodiscard]] Changes take_changes(Due due, std::size_t max);
  // Puts them back after a failed write.
  void give_back(const Changes& changes);
  // At the start: a record as it was kept. Not news.
  void restore(Record record);
  void restore(const Forgotten& forgotten);  // before the records
  [[nodiscard]] GroupKeysPointer key_list(std::string_view group, std::string_view keys);

 private:
  enum class News { kNo, kYes };
  Record& touch(const model::Workload& workload, base::UnixTime first);
  void merge(const Repeated& fetches);
  void merge(const Failed& failures);
  [[nodiscard]] News receive(Record& record, const Repeated& fetches);
  void draw_together(Record& record);
  void evict();
  void forget_oldest(std::string_view team, std::size_t count);

  const Options options_;
  std::mutex recorders_mutex_;
  std::vector<std::shared_ptr<Recorder>> recorders_;
  Recorder::Taken taken_;  // under recorders_mutex_

  mutable std::shared_mutex mutex_;  // over everything below
  KeyLists lists_;
  std::map<model::Workload, std::unique_ptr<Record>> records_;
  std::vector<model::Workload> newcomers_;
  std::uint64_t more_newcomers_ = 0;
  std::set<model::Workload> news_;        // to be written soon
  std::set<model::Workload> seen_again_;  // to be written some time
  std::vector<model::Workload> gone_;
  Counters counters_;
  Forgotten forgotten_;
  bool forgotten_changed_ = false;
};

}  // namespace sutler::registry
