// What the store holds in memory of the records that its head vouches for, and the next such state.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.h"
#include "store/record_codec.h"
#include "store/snapshot.h"

namespace sutler::store {

// Versions and marks of all current records that are not live groups, by "kind/id": those of live
// groups stand in their GroupRecord.
using HeldRecords = std::map<std::string, Held, std::less<>>;

struct State {
  Head head;
  std::shared_ptr<const Snapshot> snapshot;
  HeldRecords others;
  base::Secret audit_seed;
};

// Some records laid over a state, without touching it until apply_to(): the next snapshot shares
// all that stays the same. Not thread-safe.
class Delta {
 public:
  explicit Delta(const State& base);

  void add(OpenedRecord&& record);
  // Fixes revision, count and set-hash of the next state, as they follow from what was added.
  // The trail is that of one commit.
  [[nodiscard]] const Head& finish(std::uint64_t revision, std::uint64_t epoch);
  // Whether that is the next state's head, after finish() with its numbers; its trail, which tells
  // of commits that were not added one by one, is taken over.
  [[nodiscard]] bool becomes(const Head& head);
  // The state becomes the next one; gives what went and came.
  struct Moved {
    std::vector<std::shared_ptr<const GroupRecord>> removed;
    std::vector<std::shared_ptr<const GroupRecord>> added;
  };
  [[nodiscard]] Moved apply_to(State& base) &&;

 private:
  void remove_group(const std::string& team, const std::string& name);
  void change_operator(OpenedRecord&& record);
  void replace_other(const std::string& key, std::optional<Held> held);

  const State& base_;
  Head head_;
  std::shared_ptr<Snapshot> next_;
  std::shared_ptr<OperatorTable> operators_;                        // null: as in the base
  std::map<std::string, std::optional<Held>, std::less<>> others_;  // nothing: is a live group now
  std::optional<base::Secret> audit_seed_;
  Moved moved_;
};

// The key of HeldRecords.
[[nodiscard]] std::string held_key(std::string_view kind, std::string_view id);

}  // namespace sutler::store
