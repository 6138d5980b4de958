// What an import makes of a group that is there, or of a new one: a pure function.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/group.h"

namespace sutler::cli {

// A group as a file has it. A flat file says nothing but entries.
enum class Says { kEntries, kWholeGroup };
struct ImportItem {
  std::string where;
  Says says = Says::kEntries;
  model::Group group;  // with its team and name
};

// What the command line says about groups that are new.
enum class Create { kNo, kYes };
enum class Replace { kNo, kYes };
struct ImportRules {
  Create create = Create::kNo;
  Replace replace = Replace::kNo;
  model::GroupHeader header = {};  // of new groups, for flat files
  // The command line says for whom: a group that is there and is for others is a conflict.
  bool says_for_whom = false;
  bool changes_manager = false;  // then the server sets it
};

// The group to be written. `current` (null: there is none) is masked. An existing group keeps its
// header, and without Replace::kYes every entry that the file does not have. A file keeps its
// owner, group and permissions where the import has none. kNotFound: a new group without
// Create::kYes; kConflict: the file says another type, priority or restrictions than the group has,
// and not Replace::kYes.
[[nodiscard]] base::Result<model::Group> merged_group(ImportItem item, const model::Group* current,
                                                      const ImportRules& rules);

}  // namespace sutler::cli
