// What the endpoints of history, revisions and undo share: which groups of the past somebody may
// see, and numbers in paths.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "admin/action.h"
#include "admin/context.h"
#include "base/result.h"
#include "model/group.h"
#include "store/store.h"

namespace sutler::admin {

// A group that is there, or was. `header` decides who may see it: the current one, or of a deleted
// group the last that it had; nothing when that is purged, and then only they who may see
// everything see it.
struct Standing {
  std::uint64_t version = 0;  // the current one; of a deleted group the deletion
  bool deleted = false;
  std::optional<model::GroupHeader> header = {};
};

// kNotFound (as for a group that never was) for what `who` may not see.
[[nodiscard]] base::Result<Standing> find_standing(const Context& context, const Principal& who,
                                                   const std::string& team,
                                                   const std::string& name);
// Whether `who` may know of that version of a group of which he may know: its own header decides,
// or of a deletion that of the version before. What is not kept is for who sees everything.
[[nodiscard]] bool may_know_version(const Context& context, const Principal& who,
                                    const std::string& team, const std::string& name,
                                    std::uint64_t version);
// Whether `who` may know of this change of a commit.
[[nodiscard]] bool may_know(const Context& context, const Principal& who,
                            const store::Commit::Change& change);
[[nodiscard]] bool sees_everything(const Principal& who);

// The same question for the names of groups in what the server remembers (who fetched what, the
// audit): each is looked up once. Not thread-safe; the context must outlive it.
class KnownGroups {
 public:
  KnownGroups(const Context& context, Principal who) : context_(context), who_(std::move(who)) {}
  [[nodiscard]] bool knows(const std::string& team, const std::string& name);
  // And of that version: may_know_version().
  [[nodiscard]] bool knows_version(const std::string& team, const std::string& name,
                                   std::uint64_t version);

 private:
  const Context& context_;
  const Principal who_;
  std::map<std::pair<std::string, std::string>, bool> known_;
  std::map<std::tuple<std::string, std::string, std::uint64_t>, bool> versions_;
};

// The `{version}` or `{revision}` of the path. kInvalid: it is no number from 1 on.
[[nodiscard]] base::Result<std::uint64_t> path_number(const Call& call, std::string_view what);

// The places of a list that starts with the highest number (page.h), and back.
[[nodiscard]] std::string descending_place(std::uint64_t number);
[[nodiscard]] std::optional<std::uint64_t> number_at(std::string_view place);

// What a record of the action says of the group: its name, where it can be one.
void note_group(const Call& call, Action& action);

}  // namespace sutler::admin
