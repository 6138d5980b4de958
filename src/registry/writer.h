// Writes this node's rows, and what the other nodes need to follow them.
//
// After a write whose outcome is not known (the connection broke before the answer) the own mark
// tells whether it happened, and until that is known nothing else is written.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "registry/journal.h"
#include "registry/registry.h"
#include "registry/row_codec.h"
#include "store/backend/backend.h"

namespace sutler::registry {

// Of one thread. All must outlive it.
class Writer {
 public:
  Writer(Registry& registry, RowCodec& codec, store::Backend& backend, std::string node);

  // Where the last run of this node was. Before anything is written.
  [[nodiscard]] base::Result<void> load();
  // Up to `max` rows of what changed; true when there may be more.
  [[nodiscard]] base::Result<bool> write_some(Registry::Due due, std::size_t max);
  // Takes over up to `max` workloads of a node that is gone: the same step removes its rows.
  // False: it has no more, and now nothing of it is left.
  [[nodiscard]] base::Result<bool> adopt_some(const std::string& node, std::size_t max);
  // The mark as somebody found it in the store, nothing: there is none. True when another node took
  // over what this one had written, which is forgotten then.
  [[nodiscard]] bool was_adopted(const std::optional<Mark>& found);

 private:
  struct Rows {
    std::vector<store::Telemetry> rows;
    JournalBatch batch;
  };
  using Settle = std::function<void(bool written)>;
  [[nodiscard]] base::Result<void> add(Rows& rows, const Record& record);
  [[nodiscard]] base::Result<void> add_forgotten(Rows& rows, const Forgotten& forgotten);
  [[nodiscard]] base::Result<void> put(Rows& rows, Settle settle);
  [[nodiscard]] base::Result<void> resolve();
  [[nodiscard]] base::Result<bool> remove_rest(const std::string& node);

  struct Pending {
    Mark mark;
    Settle settle;
  };
  Registry& registry_;
  RowCodec& codec_;
  store::Backend& backend_;
  const std::string node_;
  Mark mark_;
  std::optional<Pending> pending_;
};

}  // namespace sutler::registry
