// What a change does to a workload whose groups are plain: literals alone, nothing that is required
// of others, and all of it together far below the limits of a bundle. Then a value depends on no
// other, and only the names of the groups that change need to be looked at. Used by impact.cc; what
// it says is what two whole stories would show.
#pragma once

#include <optional>
#include <unordered_map>
#include <vector>

#include "resolve/impact.h"
#include "resolve/match_index.h"

namespace sutler::resolve {

// What describes a file beside its path and its value; of a variable there is nothing.
[[nodiscard]] bool same_members(const store::FileView& a, const store::FileView& b);
[[nodiscard]] bool same_members(const store::VariableView& a, const store::VariableView& b);

class PlainGroups {
 public:
  using Groups = std::vector<MatchIndex::Pointer>;  // in merge order

  explicit PlainGroups(Overlay& overlay) : overlay_(overlay) {}

  // Of a workload that has those groups before and after. nullopt: not all are plain, or there are
  // none on one side, where the team's options decide.
  [[nodiscard]] std::optional<Effect> effect(const Groups& before, const Groups& after);

 private:
  // Of a group: at most so many bytes in a bundle and in the audit. nullopt: it is not plain.
  using Facts = std::optional<std::size_t>;
  [[nodiscard]] Facts facts_of(const MatchIndex::Pointer& group);
  [[nodiscard]] bool are_plain(const Groups& groups);
  // Of groups that are plain, in their order.
  [[nodiscard]] std::optional<std::vector<OpenedGroups::Opened>> open(const Groups& groups);

  Overlay& overlay_;
  std::unordered_map<const store::GroupRecord*, Facts> known_;
};

}  // namespace sutler::resolve
