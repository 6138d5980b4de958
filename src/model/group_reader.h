// Groups from JSON and YAML, strictly. Unknown members, null, empty lists, wrong types and members
// given twice are errors that name file, line and member. Values are never quoted in an
// error.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/group.h"

namespace sutler::model {

// One group object, or `{"groups": […]}`. `where` names the text in errors ("payments.json").
// The groups are validated (validate()). `team` is that of groups which name none.
[[nodiscard]] base::Result<std::vector<Group>> read_groups_json(std::string_view text,
                                                                std::string_view where,
                                                                std::string_view team = "default");
// The same in YAML 1.2 core as one document: scalars stay as written (`yes`, `1.10` are strings);
// null, anchors, aliases, tags and an unquoted `mode` are refused.
[[nodiscard]] base::Result<std::vector<Group>> read_groups_yaml(std::string_view text,
                                                                std::string_view where,
                                                                std::string_view team = "default");
// One group from a tree that was read already.
[[nodiscard]] base::Result<Group> group_from_json(const boost::json::value& tree,
                                                  std::string_view where);
// One variable's value (without its name, which the caller checks) or one file from a tree, as in a
// group's `secrets`: a string, `{value: …}`,
// `{template: …}`, `{from, ref, …}`, `{masked: true}`; for files the protocol's members.
[[nodiscard]] base::Result<Variable> variable_from_json(const boost::json::value& tree,
                                                        std::string_view where);
[[nodiscard]] base::Result<File> file_from_json(const boost::json::value& tree,
                                                std::string_view where);
[[nodiscard]] base::Result<Restrictions> restrictions_from_json(const boost::json::value& tree,
                                                                std::string_view where);
[[nodiscard]] base::Result<SecretsFrom> secrets_from_from_json(const boost::json::value& tree,
                                                               std::string_view where);

}  // namespace sutler::model
