// Teams and their options.
#pragma once

#include <cstdint>

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/teams
[[nodiscard]] base::Result<http::Response> list_teams(const Context&, const Call&, Action&);
// GET /api/v1/teams/{team}: the team, with its `ETag`.
[[nodiscard]] base::Result<http::Response> show_team(const Context&, const Call&, Action&);
// POST /api/v1/teams
// `{"id","path"?,"require_match"?,"require_exp"?,"allow_from"?,"leeway_seconds"?}`: 201 with the
// team. The path is `/<id>` where none is given. kConflict: there is such a team.
[[nodiscard]] base::Result<http::Response> create_team(const Context&, const Call&, Action&);
// PATCH /api/v1/teams/{team}: the members that are there change. `allow_from: null` takes the
// restriction away; an empty list is refused, since it could mean nobody or everybody. The answer
// is the team with `revision`, `warnings` and `effect`, an impact; query and refusals as
// carry_out() (commit.h).
[[nodiscard]] base::Result<http::Response> update_team(const Context&, const Call&, Action&);
// Both obey an `If-Match`, and the list and every change tell the team's `ETag` (precondition.h).
// DELETE: `{"revision","impact"}`, as PATCH. kRefused for `default`, kConflict (`team_not_empty`)
// while it has groups.
[[nodiscard]] base::Result<http::Response> delete_team(const Context&, const Call&, Action&);

// Commits the team, which was made of the version `expected_version` (0: it is new); gives the
// revision. kConflict: another node was faster. `Context::writes` is held.
[[nodiscard]] base::Result<std::uint64_t> save_team(const Context& context, const Call& call,
                                                    Action& action, model::Team team,
                                                    std::uint64_t expected_version);

}  // namespace sutler::admin
