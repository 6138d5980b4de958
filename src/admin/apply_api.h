// Many groups at once.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/apply: `{"groups":[…],"dry_run"?,"prune"?,"managed_by"?,"take_over"?}`, one revision
// or none.
[[nodiscard]] base::Result<http::Response> apply_groups(const Context&, const Call&, Action&);

}  // namespace sutler::admin
