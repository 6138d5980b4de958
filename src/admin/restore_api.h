// Writes that come from the past of a group or from another group, and taking old versions away.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/teams/{team}/groups/{name}/rollback `{"version": N}`: a new version with the content
// of that one; a deleted group comes back. Takes `expected_version` (of the current one).
[[nodiscard]] base::Result<http::Response> rollback_group(const Context&, const Call&, Action&);
// POST …/copy `{"to","to_team"?,"values":"empty"|"same"|"new","projects"?,"everyone"?}`
// (group_copy.h).
[[nodiscard]] base::Result<http::Response> copy_group(const Context&, const Call&, Action&);
// POST …/purge `{"keep": N}` or `{"older_than_seconds": S}` (store/history.h): never the current
// version. `{"purged","kept","damaged"?,"damaged_rows"?}`; with `dry_run=true` nothing goes.
[[nodiscard]] base::Result<http::Response> purge_group(const Context&, const Call&, Action&);

// The first two take `managed_by`, `take_over`, `message` and `dry_run`, and answer as commit.h
// says.

}  // namespace sutler::admin
