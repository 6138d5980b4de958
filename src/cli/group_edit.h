// What `set` and `file put` can say about the group that they change or make.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/admin_client.h"
#include "cli/command.h"
#include "cli/json_body.h"
#include "cli/write_options.h"

namespace sutler::cli {

struct GroupEdit {
  std::string group;
  bool create = false;
  bool everyone = false;
  std::vector<std::string> projects;
  std::vector<std::string> objects;  // ID or ID:TYPE
  std::string priority;
  std::string type;
  WriteOptions write;
};

// --create, --everyone, --project, --object, --priority, --type, those of the write and --team; the
// word GROUP.
void add_group_edit_options(CLI::App& command, Context& context, GroupEdit& edit);

// Puts them into the body of a PATCH. Usage errors: --create for nobody in particular, --everyone
// beside a restriction, a priority or type that is none.
[[nodiscard]] base::Result<void> put_group_edit(JsonBody& body, const GroupEdit& edit);

// Sends the body, prints `done` ("2 variables set"), the revision and warnings.
[[nodiscard]] base::Result<int> patch_group(const Context& context, const std::string& group,
                                            const WriteOptions& write, const JsonBody& body,
                                            const std::string& done);

// "red" or "red:job" as `{"id":…,"type":…}`.
[[nodiscard]] std::string object_pattern_json(std::string_view text);

}  // namespace sutler::cli
