// Sessions of browsers, and who one is.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/session `{"token"}`: 200 as GET, with the cookie. Needs the JSON content type, which
// a form of another site cannot send. 401, or 429 when there were too many wrong ones.
[[nodiscard]] base::Result<http::Response> open_session(const Context&, const Call&, Action&);
// GET: `{"name","role","reveal","scopes"?,"by","csrf"?}`; `csrf` is for X-CSRF-Token.
[[nodiscard]] base::Result<http::Response> show_session(const Context&, const Call&, Action&);
// DELETE: ends the session of the cookie; of others there is none to end.
[[nodiscard]] base::Result<http::Response> close_session(const Context&, const Call&, Action&);

}  // namespace sutler::admin
