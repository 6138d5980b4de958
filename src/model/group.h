// A secret group: the unit that is edited, versioned and matched.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "model/entry.h"
#include "model/object_reference.h"
#include "model/restriction.h"

namespace sutler::model {

enum class GroupType { kSecret, kConfig };
[[nodiscard]] std::string_view to_word(GroupType type);

// What may be known without opening the values. Copyable; holds names, no values.
struct GroupHeader {
  std::string team = "default";
  std::string name;
  std::string description;
  GroupType type = GroupType::kSecret;
  int priority = base::limits::kPriorityDefault;
  Restrictions restrictions;
  std::vector<std::string> required_keys;
  std::string managed_by;  // empty: by nobody

  bool operator==(const GroupHeader&) const = default;
};

struct Group {
  GroupHeader header;
  std::map<std::string, Variable, std::less<>> variables;  // by name
  std::map<std::string, File, std::less<>> files;          // by path
  SecretsFrom secrets_from = {};                           // member `secretsFrom`
};

[[nodiscard]] Group clone(const Group& group);
[[nodiscard]] bool equal(const Group& a, const Group& b);  // header, every entry, secretsFrom

// Checks every rule and limit of a group by itself: names, paths, sizes, patterns, policies, base64
// data, requiredKeys. kInvalid or kTooLarge; the message names the group and the member. Masked
// entries pass.
[[nodiscard]] base::Result<void> validate(const Group& group);

// Things worth telling that do not refuse a save: keys that start with `NF_`, a group that matches
// everything.
[[nodiscard]] std::vector<std::string> warnings(const Group& group);

// `[A-Za-z_][A-Za-z0-9_.-]*`, at most kNameBytesMax bytes.
[[nodiscard]] bool is_variable_name(std::string_view name);
// Absolute, normal (no empty, `.` or `..` part, no final slash), no control characters.
[[nodiscard]] bool is_file_path(std::string_view path);
// 1 to kNameBytesMax bytes of letters, digits, `.`, `_`, `-`, not starting with a dot or dash.
[[nodiscard]] bool is_group_name(std::string_view name);

// Fills each Masked entry of `next` from the same entry of `current` (nothing: there is none), and
// takes over `generated` of templates whose text did not change. kInvalid naming the entry when
// there is nothing to take: a mask never becomes a value.
[[nodiscard]] base::Result<void> fill_masked(Group& next, const Group* current);

}  // namespace sutler::model
