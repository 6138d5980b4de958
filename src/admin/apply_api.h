// Many groups at once.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/apply: `{"groups":[…],"dry_run"?,"prune"?,"managed_by"?,"take_over"?}`, one revision
// or none.
[[nodiscard]] base::Result<http::Response> apply_groups(const Context&, const Call&, Action&);

// POST /api/v1/impact: the same body, and the answer of its dry run.
[[nodiscard]] base::Result<http::Response> tell_impact(const Context&, const Call&, Action&);

}  // namespace sutler::admin
