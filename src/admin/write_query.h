// What the query of a write to groups says, beside what its endpoint asks for itself.
#pragma once

#include <cstdint>
#include <string>

#include "admin/apply.h"
#include "admin/context.h"
#include "admin/restore.h"

namespace sutler::admin {

// `managed_by` (who writes) and `take_over`. kInvalid names the parameter.
[[nodiscard]] base::Result<RestoreRules> read_restore_rules(const Call& call);

// `message` and `dry_run` are for commit.h.

}  // namespace sutler::admin
