// Which workload fetched which versions when. sutler sees every start of every workload; this is
// where it remembers them.
//
// Recorders take notes on the threads that answer; settle() merges the notes, once a second and
// before somebody reads. In memory it is whole; rows in the store bring it over a restart, and to
// the other nodes: each keeps what it saw itself, and what is told here is all of it together
// (entry.h). It is telemetry: a crash may cost the last seconds of it, and the audit log is the
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

#include "registry/entry.h"
#include "registry/record.h"
#include "registry/recorder.h"

namespace sutler::registry {

struct Options {
  std::size_t workloads_max = 200'000;  // more: see forgotten()
  std::size_t versions_max = 64;        // rows of Received of one workload and node
  std::string node = {};                // the id of this node; empty: no other has the store
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
    for (Record scratch; at != records_.end(); ++at) {
      if (!visit(at->second->view(options_.node, scratch))) return;
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
  // first, of its own those unseen for longest: no team can push another's out. Each node makes
  // room for itself, and counts those that it was the last to see.
  [[nodiscard]] Forgotten forgotten() const;

  // Workloads that no node had seen, as far as is known here, since the last call, in order; at
  // most `max`, the others are counted only. They are told of once.
  struct Newcomers {
    std::vector<Record> workloads;
    std::uint64_t more = 0;
  };
  [[nodiscard]] Newcomers take_newcomers(std::size_t max);

  // What has to be written of what this node saw: records whose content changed (first), then those
  // that were only seen again, if they are due; at most `max`. And who was evicted.
  struct Changes {
    std::vector<Record> records;
    std::vector<model::Workload> gone;
    std::optional<Forgotten> forgotten;  // when it is another than at the last write
  };
  enum class Due { kNews, kAll };
  [[nodiscard]] Changes take_changes(Due due, std::size_t max);
  // Puts them back after a failed write.
  void give_back(const Changes& changes);
  // A record of this node as it was kept; what was seen before that is added. Not news.
  void restore(Record record);
  void restore(const Forgotten& forgotten);
  [[nodiscard]] GroupKeysPointer key_list(std::string_view group, std::string_view keys);
  [[nodiscard]] GroupKeysPointer find_list(std::string_view digest) const;  // null: not in use

  // registry_nodes.cc, for peers.h.
  // What another node says of a workload, and that it says nothing more of it. `load` numbers the
  // readings of all its rows: drop_older() takes away what the latest did not bring.
  void put_part(const std::string& node, std::uint64_t load, Record record);
  void drop_part(const std::string& node, const model::Workload& workload);
  void drop_older(const std::string& node, std::uint64_t load);
  void put_forgotten(const std::string& node, const Forgotten& forgotten);
  void drop_node(const std::string& node);
  // Up to `max` workloads of a node that is gone, as this node would keep them with that node's
  // part in its own; nothing is changed. adopt() makes them this node's own.
  [[nodiscard]] std::vector<Record> adoptable(const std::string& node, std::size_t max) const;
  void adopt(const std::string& node, const std::vector<Record>& records);
  [[nodiscard]] Forgotten own_forgotten_with(const std::string& node) const;
  void adopt_forgotten(const std::string& node);
  // Another node took over what this one had kept: it starts anew.
  void drop_own();
  // False: another node saw it before this one did.
  [[nodiscard]] bool saw_first(const model::Workload& workload) const;

 private:
  enum class News { kNo, kYes };
  Record& touch(const model::Workload& workload, base::UnixTime first);
  void merge(const Repeated& fetches);
  void merge(const Failed& failures);
  [[nodiscard]] News receive(Record& record, const Repeated& fetches);
  void draw_together(Record& record) const;
  void evict();
  void forget_oldest(std::string_view team, std::size_t count);
  [[nodiscard]] Record with_part(const Entry& entry, const NodePart& part) const;

  const Options options_;
  std::mutex recorders_mutex_;
  std::vector<std::shared_ptr<Recorder>> recorders_;
  Recorder::Taken taken_;  // under recorders_mutex_

  mutable std::shared_mutex mutex_;  // over everything below
  KeyLists lists_;
  std::set<std::string> nodes_;  // ids that parts point to
  std::map<model::Workload, std::unique_ptr<Entry>> records_;
  std::vector<model::Workload> newcomers_;
  std::uint64_t more_newcomers_ = 0;
  std::set<model::Workload> news_;        // to be written soon
  std::set<model::Workload> seen_again_;  // to be written some time
  std::vector<model::Workload> gone_;
  Counters counters_;
  Forgotten forgotten_;  // by this node
  std::map<std::string, Forgotten> others_forgotten_;
  bool forgotten_changed_ = false;
};

}  // namespace sutler::registry
