// Restarting workloads, so that they fetch what is current.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/restarts: `{"workloads":[id,…],"at_once"?,"print"?}`: starts a job and tells its
// state; with `print` it only says which calls it would make. What cannot be restarted is listed.
[[nodiscard]] base::Result<http::Response> restart_workloads(const Context&, const Call&, Action&);
// GET /api/v1/restarts: the state of the last job.
[[nodiscard]] base::Result<http::Response> show_restarts(const Context&, const Call&, Action&);

}  // namespace sutler::admin
