// Deciding what an apply changes: a pure function of the view and the input. A PUT, PATCH or DELETE
// of one group is an apply of one group.
//
// Each group of the input is filled where it is masked, checked by every rule that a save has, and
// compared with what is there: an equal one is unchanged and makes no version. Either the whole
// input can be saved or nothing is.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "admin/rights.h"
#include "base/result.h"
#include "model/group.h"
#include "resolve/catalog.h"
#include "store/store.h"

namespace sutler::admin {

enum class Prune { kNo, kYes };
enum class TakeOver { kNo, kYes };

// Team and name.
using GroupName = std::pair<std::string, std::string>;

struct ApplyInput {
  // Who asks; what he may not see is as if it were not there, what he may not write is refused.
  const Principal& who;
  std::vector<model::Group> groups = {};
  // The version that a group of the input must have before (0: there must be none); kConflict where
  // it has another. Groups that are not here may have any.
  std::map<GroupName, std::uint64_t> expected = {};
  // Who manages what is applied ("terraform"); empty: a person, whose groups are managed by nobody
  // unless they say `managedBy` themselves.
  std::string manager = {};
  // kYes: groups of this manager, in the teams of the input and in `prune_teams`, that the input
  // does not have go. One of them that may be seen and not be written refuses it all.
  Prune prune = Prune::kNo;
  std::vector<std::string> prune_teams = {};
  // kYes: groups that somebody else manages may be changed, and are managed as the input says from
  // then on.
  TakeOver take_over = TakeOver::kNo;
};

enum class Fate { kCreated, kUpdated, kUnchanged, kDeleted };

// Names of the entries that differ between two versions of a group, sorted.
struct Difference {
  enum class Header { kSame, kDiffers };
  std::vector<std::string> added, changed, removed;
  Header header = Header::kSame;  // whom it is for, priority, description and the like
};

struct Touched {
  std::string team;
  std::string name;
  Fate fate = Fate::kUnchanged;
  std::uint64_t version = 0;  // before the change; 0: there was none
  // Of a created or updated group: the entries that came, went or changed.
  std::vector<std::string> keys;
  Difference difference = {};
};

struct Plan {
  std::vector<store::Change> changes;   // with expected versions; empty: nothing is to be done
  std::vector<Touched> groups;          // in the order of the input, then what is pruned
  std::vector<std::string> teams = {};  // ids of those whose options change (undo)
  std::vector<std::string> warnings;    // of what changes
  std::string message = {};             // of the commit, where the caller gives none
};

// kRefused (`managed`): somebody else than `manager` manages the group, and it is not taken over.
[[nodiscard]] base::Result<void> check_manager(const store::GroupRecord& current,
                                               const std::string& manager, TakeOver take_over);

// The second half of every plan that saves groups: what is judged of all groups that change at once
// (globs, names in templates), the warnings of the save, and its puts, in order. `versions` are
// those which they have before. Nothing of a group that `who` may not see is told.
[[nodiscard]] base::Result<void> plan_puts(const resolve::View& view,
                                           std::vector<model::Group> changed,
                                           const std::vector<std::uint64_t>& versions,
                                           const Principal& who, Plan& plan);

// kInvalid and kTooLarge name group and member; kNotFound a team; kRefused a group that somebody
// else manages or that is out of scope (rights.h); kConflict a group that is not at its expected
// version; kCorrupt a current version that does not open. Whether references may be saved is
// asked of the plan (source_rules.h).
[[nodiscard]] base::Result<Plan> plan_apply(const resolve::View& view, ApplyInput input);

// The same for taking one group away. kNotFound when it is not there.
struct DeleteInput {
  const Principal& who;
  std::string team;
  std::string name;
  std::string manager;
  TakeOver take_over = TakeOver::kNo;
};
[[nodiscard]] base::Result<Plan> plan_delete(const resolve::View& view, const DeleteInput& input);

}  // namespace sutler::admin
