// One group, and the list of a team's groups.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/teams/{team}/groups: headers and numbers, never a value.
[[nodiscard]] base::Result<http::Response> list_groups(const Context&, const Call&, Action&);
// GET …/groups/{name}[?reveal=true]: the canonical group JSON, masked unless revealed, which is
// audited. The field Group-Version says which version it is.
[[nodiscard]] base::Result<http::Response> show_group(const Context&, const Call&, Action&);
// PUT: the canonical group JSON; `team` and `name` may be left out. Replaces the whole group.
[[nodiscard]] base::Result<http::Response> put_group(const Context&, const Call&, Action&);
// PATCH: group_patch.h.
[[nodiscard]] base::Result<http::Response> patch_group(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> delete_group(const Context&, const Call&, Action&);

// The three writes take `managed_by` (who writes), `take_over=true` and `expected_version` (0:
// there must be none; another current version is kConflict), and answer as commit.h says.

}  // namespace sutler::admin
