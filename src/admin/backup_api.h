// `/api/v1/backups`: making backups of the running store, and which there are.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET: `{"folder","every_seconds","keep","running","last_good","error","backups":[{"file","bytes",
// "store_id","revision","created","version","master_keys":[…],"error"}]}`, newest first.
[[nodiscard]] base::Result<http::Response> list_backups(const Context&, const Call&, Action&);
// POST: 201 with the backup, or 202 `{"running":true}` when it takes longer than some seconds.
[[nodiscard]] base::Result<http::Response> create_backup(const Context&, const Call&, Action&);

}  // namespace sutler::admin
