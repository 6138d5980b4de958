// What a restore leaves in the store for the first start of the server, which records it.
#pragma once

#include "audit/log.h"
#include "base/clock.h"
#include "base/result.h"
#include "store/backup_format.h"
#include "store/leases.h"
#include "store/notes.h"

namespace sutler::server {

[[nodiscard]] base::Result<void> leave_restore_note(const store::Notes& notes,
                                                    const store::BackupInfo& info);

// Records `store.restore` and takes the note away; nothing when there is none, or when another node
// does it just now. The reason tells of
// which backup, and where the audit log of the old place was when it was made.
[[nodiscard]] base::Result<void> record_restore(const store::Notes& notes, store::Leases& leases,
                                                audit::Log& audit, base::UnixTime now);

}  // namespace sutler::server
