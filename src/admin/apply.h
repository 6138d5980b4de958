// Deciding what an apply changes: a pure function of the view and the input. A PUT, PATCH or DELETE
// of one group is an apply of one group.
//
// Each group of the input is filled where it is masked, checked by every rule that a save has, and
// compared with what is there: an equal one is unchanged and makes no version. Either the whole
// input can be saved or nothing is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/group.h"
#include "resolve/catalog.h"
#include "store/store.h"

namespace sutler::admin {

enum class Prune { kNo, kYes };
enum class TakeOver { kNo, kYes };

struct ApplyInput {
  std::vector<model::Group> groups;
  // Who manages what is applied ("terraform"); empty: a person, whose groups are managed by nobody
  // unless they say `managedBy` themselves.
  std::string manager;
  // kYes: groups of this manager, in the teams of the input, that the input does not have go.
  Prune prune = Prune::kNo;
  // kYes: groups that somebody else manages may be changed, and are managed as the input says from
  // then on.
  TakeOver take_over = TakeOver::kNo;
};

enum class Fate { kCreated, kUpdated, kUnchanged, kDeleted };

struct Touched {
  std::string team;
  std::string name;
  Fate fate = Fate::kUnchanged;
  std::uint64_t version = 0;  // before the change; 0: there was none
  // Of a created or updated group: the entries that came, went or changed.
  std::vector<std::string> keys;
};

struct Plan {
  std::vector<store::Change> changes;  // with expected versions; empty: nothing is to be done
  std::vector<Touched> groups;         // in the order of the input, then what is pruned
  std::vector<std::string> warnings;   // of what changes
};

// kInvalid and kTooLarge name group and member; kNotFound a team; kRefused a group that somebody
// else manages; kCorrupt a current version that does not open. A reference is refused: there are no
// sources yet.
[[nodiscard]] base::Result<Plan> plan_apply(const resolve::View& view, ApplyInput input);

// The same for taking one group away. kNotFound when it is not there.
struct DeleteInput {
  std::string team;
  std::string name;
  std::string manager;
  TakeOver take_over = TakeOver::kNo;
};
[[nodiscard]] base::Result<Plan> plan_delete(const resolve::View& view, const DeleteInput& input);

}  // namespace sutler::admin
