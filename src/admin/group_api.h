// One group. The lists are in group_list.h.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET …/groups/{name}[?reveal=true]: the canonical group JSON, masked unless revealed, which is
// audited. ETag and Group-Version say which version it is.
[[nodiscard]] base::Result<http::Response> show_group(const Context&, const Call&, Action&);
// PUT: the canonical group JSON; `team` and `name` may be left out. Replaces the whole group.
[[nodiscard]] base::Result<http::Response> put_group(const Context&, const Call&, Action&);
// PATCH: group_patch.h.
[[nodiscard]] base::Result<http::Response> patch_group(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> delete_group(const Context&, const Call&, Action&);

// The three writes obey If-Match and If-None-Match (precondition.h), take `managed_by` (who writes)
// and `take_over=true`, and answer as commit.h says.

}  // namespace sutler::admin
