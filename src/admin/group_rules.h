// What has to be true of one group before it is saved.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "admin/apply.h"
#include "base/result.h"
#include "model/group.h"

namespace sutler::admin {

// Fills masked entries from `current` (null: there is none), generates what templates ask for, and
// checks every rule that needs nothing but the group. Errors name group and entry.
[[nodiscard]] base::Result<void> make_savable(model::Group& next, const model::Group* current);

// What differs. `before` may be null: there was nothing.
[[nodiscard]] Difference difference(const model::Group* before, const model::Group& after);
// The names of all that differs: variables, then files, each sorted.
[[nodiscard]] std::vector<std::string> all_keys(const Difference& difference);

// kNotFound that names the group.
[[nodiscard]] base::Unexpected no_group(std::string_view team, std::string_view name);

}  // namespace sutler::admin
