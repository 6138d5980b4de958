// The groups that a server has now, for commands that build on them.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "cli/command.h"
#include "model/group.h"
#include "model/group_writer.h"

namespace sutler::cli {

// Version by name.
using GroupVersions = std::map<std::string, std::uint64_t, std::less<>>;
[[nodiscard]] base::Result<GroupVersions> group_versions(const Context& context);

// One group with its values or with masks in their place. Values::kReveal is audited.
struct CurrentGroup {
  model::Group group;
  std::string etag;  // empty where the server gives none
};
[[nodiscard]] base::Result<CurrentGroup> current_group(const Context& context,
                                                       const std::string& name,
                                                       model::Values values);

// Prints what a write changes or changed: a line for each group and entry.
[[nodiscard]] std::string diff_text(const boost::json::value& answer);

}  // namespace sutler::cli
