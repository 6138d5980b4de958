// Which references may be saved.
#pragma once

#include "admin/apply.h"
#include "admin/rights.h"
#include "base/result.h"
#include "source/sources.h"
#include "store/snapshot.h"

namespace sutler::admin {

// Of each group that the plan puts, every reference and every item of `secretsFrom`: its source is
// known and takes it, and `allow` of the source gives it to the group; where a source has no
// `allow`, only an owner writes it. What the group has already in the same place stays, whoever
// saves it. Errors name group, entry and source. `sources` null or empty: there are none, and each
// reference is refused (`no_sources`).
[[nodiscard]] base::Result<void> require_sources(const store::Snapshot& snapshot,
                                                 const source::Sources* sources,
                                                 const Principal& who, const Plan& plan);

}  // namespace sutler::admin
