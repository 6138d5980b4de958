// Reading the past of groups.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/teams/{team}/groups/{name}/versions: who, when and why, newest first, in pages; of a
// deleted group too.
[[nodiscard]] base::Result<http::Response> list_versions(const Context&, const Call&, Action&);
// GET …/versions/{version}[?reveal=true]: the group as it was, masked unless revealed. A reveal is
// audited, and needs the right under the header of then and the one of now.
[[nodiscard]] base::Result<http::Response> show_version(const Context&, const Call&, Action&);
// GET …/diff?from=&to=&with=&with_team=&reveal=: between two versions, or with `with` between this
// group (`from`) and another (`to`). Without numbers the last change, or the two current versions.
[[nodiscard]] base::Result<http::Response> show_diff(const Context&, const Call&, Action&);
// GET /api/v1/teams/{team}/deleted-groups: what was deleted by whom, in pages by name.
[[nodiscard]] base::Result<http::Response> list_deleted_groups(const Context&, const Call&,
                                                               Action&);

}  // namespace sutler::admin
