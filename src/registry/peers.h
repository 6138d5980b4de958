// Follows what the other nodes saw.
//
// Every peers_every_seconds it asks for the marks (journal.h): one query that gives one row of some
// 90 bytes for each node. For each batch that a node wrote since, it reads one row, which holds
// what changed and nothing else. So 100,000 workloads that nobody starts cost three nodes a query
// each in three seconds, and a minute in which 1,000 of them start costs each node some 60 rows of
// each other. All rows of a node, in 16 steps, are read when this node starts, and when it fell
// behind by more than the journal holds (at least 12 s at the highest rate of writing), at most
// once in full_every_seconds.
//
// The rows of a node that is gone for good are taken over by one of the others, under a lease.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "base/result.h"
#include "registry/journal.h"
#include "registry/registry.h"
#include "registry/row_codec.h"
#include "registry/writer.h"
#include "store/backend/backend.h"
#include "store/leases.h"

namespace sutler::registry {

struct PeerOptions {
  std::string node = {};  // the id of this one; empty: no other has the store
  double peers_every_seconds = 3;
  double full_every_seconds = 30;  // for each node
  double adopt_every_seconds = 60;
  std::size_t adopt_batches_max = 20;  // at a time
  store::Leases* leases = nullptr;     // null: nothing is taken over
  // The ids of all nodes that may come back; those of whom there are rows beside are gone for good.
  std::function<base::Result<std::set<std::string>>()> may_return = {};
};

// Of one thread. All must outlive it.
class Peers {
 public:
  Peers(Registry& registry, RowCodec& codec, store::Backend& backend, Writer& writer,
        PeerOptions options);

  // Everything that the others wrote. Once, before anything is written.
  [[nodiscard]] base::Result<void> load();
  // What is due. `now` is of a clock that never goes back.
  void work(double now);
  // Now, whatever is due.
  [[nodiscard]] base::Result<void> follow(double now);
  [[nodiscard]] base::Result<void> adopt(double now, std::size_t rows_max);

 private:
  struct Known {
    Mark mark;
    bool whole = false;     // all rows up to the mark were read
    double not_before = 0;  // all rows once more
  };
  [[nodiscard]] base::Result<std::map<std::string, Mark>> read_marks();
  [[nodiscard]] base::Result<bool> catch_up(const std::string& node, Known& known,
                                            const Mark& mark);
  void apply(const std::string& node, JournalBatch batch);
  [[nodiscard]] base::Result<void> read_all(const std::string& node);
  [[nodiscard]] base::Result<void> read_lists(const std::string& node,
                                              std::vector<GroupKeysPointer>& held);
  [[nodiscard]] FindList find_list(const std::string& node, std::vector<GroupKeysPointer>& held);

  Registry& registry_;
  RowCodec& codec_;
  store::Backend& backend_;
  Writer& writer_;
  const PeerOptions options_;
  std::map<std::string, Known> known_;
  std::uint64_t loads_ = 0;
  double follow_at_ = 0;
  double adopt_at_ = 0;
  bool works_ = true;
};

}  // namespace sutler::registry
