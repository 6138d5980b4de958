// One secret group as Northflank's API shows it. Internal to the room; import.h tells the rules.
#pragma once

#include "base/result.h"
#include "model/cursor.h"
#include "model/import.h"

namespace sutler::model {

// Adds the group at `at` to `out`, or what is unsupported about it.
[[nodiscard]] base::Result<void> read_northflank_group(const Cursor& at,
                                                       const NorthflankOptions& options,
                                                       NorthflankImport& out);

}  // namespace sutler::model
