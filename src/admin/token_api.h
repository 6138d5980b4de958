// The tokens of an operator. A token is shown once, by the request that made it; the store has its
// SHA-256 only.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/operators/{name}/tokens:
// a page of `{"id","label"?,"created","expires"?,"last_used"?,"state":"active"|"expired"}`, by id.
[[nodiscard]] base::Result<http::Response> list_tokens(const Context&, const Call&, Action&);
// POST `{"label"?,"expires_seconds"?}`: 201 `{"operator","id","token",…}`. Expired tokens make room
// where he would have too many. kRefused for an operator who is disabled.
[[nodiscard]] base::Result<http::Response> create_token(const Context&, const Call&, Action&);
// DELETE …/tokens/{id}: it opens nothing from now on, and sessions that began with it are over.
[[nodiscard]] base::Result<http::Response> revoke_token(const Context&, const Call&, Action&);

}  // namespace sutler::admin
