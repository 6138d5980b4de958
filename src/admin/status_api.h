// How the server is: liveness, readiness, status, and the key that proves the audit log.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /livez: 200 as long as the process answers. GET /readyz: 503 `not_ready` while it cannot
// serve.
[[nodiscard]] base::Result<http::Response> show_live(const Context&, const Call&, Action&);
[[nodiscard]] base::Result<http::Response> show_ready(const Context&, const Call&, Action&);
// GET /api/v1/status
[[nodiscard]] base::Result<http::Response> show_status(const Context&, const Call&, Action&);
// GET /api/v1/audit/key: `{"public_key": hex}`
[[nodiscard]] base::Result<http::Response> show_audit_key(const Context&, const Call&, Action&);

}  // namespace sutler::admin
