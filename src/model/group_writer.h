// Groups as canonical JSON: fixed member order, entries sorted; name, team, type, priority and
// secrets always, the other members where they are set. Equal groups with the same generated values
// give equal bytes; read_groups_json gives back what was written, `generated` of templates
// included.
#pragma once

#include <string>

#include "base/secret.h"
#include "model/group.h"

namespace sutler::model {

enum class Values { kReveal, kMask };  // kMask: `{"masked": true}` in the place of each value

// One object in one line, no final newline.
[[nodiscard]] base::Secret write_group_json(const Group& group, Values values);
// One entry as it stands in the group's object.
[[nodiscard]] base::Secret write_entry_json(const Variable& variable, Values values);
[[nodiscard]] base::Secret write_entry_json(const File& file, Values values);
// The restrictions object alone ("{}" when none).
[[nodiscard]] std::string write_restrictions_json(const Restrictions& restrictions);
// The same group as YAML that read_groups_yaml takes; for people. A decimal mode comes out as the
// octal string of the same mode, since YAML has no unambiguous number for it.
[[nodiscard]] base::Secret write_group_yaml(const Group& group, Values values);

}  // namespace sutler::model
