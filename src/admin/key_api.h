// The signing keys that a team shares with Northflank. A secret is shown once, by the request that
// had it generated, and never again.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/teams/{team}/keys: ids, algorithms and states.
[[nodiscard]] base::Result<http::Response> list_keys(const Context&, const Call&, Action&);
// POST `{"alg"?,"secret"?}`: 201 `{"team","id","alg","created","key"?,"warnings"}`; `key` only when
// it was generated. A weak secret is refused (`weak_key`) unless the server allows them, and then
// the audit says so. Keys that are retired make room where a team would have more than
// kSigningKeysPerTeamMax.
[[nodiscard]] base::Result<http::Response> create_key(const Context&, const Call&, Action&);
// POST …/keys/{id}/retire `{"after_seconds"?}`: from then on it verifies nothing. A key that is
// retired already stays so, whatever is asked.
[[nodiscard]] base::Result<http::Response> retire_key(const Context&, const Call&, Action&);

}  // namespace sutler::admin
