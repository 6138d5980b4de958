// `/api/v1/master-key`: which master keys wrap what, the nodes that have them, and rotation.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET:
// `{"primary","keys":[{"id","configured","current","history","wraps","warning","backups":[…]}],
// "nodes":[{"name","live","seen","keys","self"}],"rotation":{…},"how"}`. Never a key.
[[nodiscard]] base::Result<http::Response> show_master_key(const Context&, const Call&, Action&);
// POST …/rotate: 202 with the same `rotation`; it goes on in the background. 409 when one is going
// on, 400 `nothing_to_rotate`, 403 `node_not_ready`.
[[nodiscard]] base::Result<http::Response> rotate_master_key(const Context&, const Call&, Action&);

}  // namespace sutler::admin
