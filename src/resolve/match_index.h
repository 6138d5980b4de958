// Finds the groups whose restrictions match a workload, without looking at those that do not.
//
// A group is filed under (team, project key, object key) for each pair of its patterns, where a key
// is the text of an exact pattern, the text of a prefix pattern, or "any". A lookup tries the
// shapes that the team uses: exact with exact, prefix of 3 bytes with exact, and so on. Free globs
// are filed under "any" and so tried one by one; there are at most kFreeGlobsPerTeamMax of them in
// a team. A group with more than kPairsMax pairs is filed under its project keys alone. What is
// found is verified by model::matches, so the filing decides the cost and never the answer.
//
// A copy shares structure with its original. Not thread-safe while it is changed; may be read from
// any thread when it is not.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/cow_table.h"
#include "model/workload.h"
#include "store/snapshot.h"

namespace sutler::resolve {

class MatchIndex {
 public:
  using Pointer = std::shared_ptr<const store::GroupRecord>;
  static constexpr std::size_t kPairsMax = 1024;

  void insert(const Pointer& group);
  // The very object that was inserted.
  void erase(const Pointer& group);
  // Matching groups in merge order: priority down, specificity down, name up.
  [[nodiscard]] std::vector<Pointer> find(const model::Workload& workload) const;
  // Groups of the team.
  [[nodiscard]] std::size_t groups(std::string_view team) const;
  // Patterns of the team that must be tried one by one.
  [[nodiscard]] std::size_t free_globs(std::string_view team) const;
  // Changes whenever raise_generation() was called for the team; 0 before that. Never the same
  // twice, for any team, in an index and those copied from it.
  [[nodiscard]] std::uint64_t generation(std::string_view team) const;
  // Called by the Catalog when a group of the team came, went or changed its header (not its
  // values).
  void raise_generation(std::string_view team);
  // Goes on with the generations of another index, for an index that is built anew in its place.
  void continue_from(const MatchIndex& before) { last_generation_ = before.last_generation_; }

 private:
  struct Team;
  Team& writable(std::string_view team);
  [[nodiscard]] const Team* find_team(std::string_view team) const;

  base::CowTable<store::GroupRecord> table_;
  std::map<std::string, std::shared_ptr<Team>, std::less<>> teams_;  // Team is shared by copies
  std::uint64_t last_generation_ = 0;
};

// The order in which groups win a merge: priority down, specificity down, name up.
[[nodiscard]] bool before_in_merge(const model::GroupHeader& a, const model::GroupHeader& b);

// The free globs among the restrictions' patterns.
[[nodiscard]] std::size_t count_free_globs(const model::Restrictions& restrictions);

}  // namespace sutler::resolve
