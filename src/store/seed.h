// Filling a store with many groups at once, for measuring: `sutler store seed`.
#pragma once

#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "store/store.h"

namespace sutler::store {

// Groups `bench-0000000`, `bench-0000001`, … of team default. Three in a row, i / 3, are for one
// workload: project `bench-<i/3>`, object `svc-<i/3>` of any type. Their variables are
// `VARIABLE_NAME_<k>`, k counting on through the three, so that a workload gets 3 * entries of
// them; each value is 24 random characters.
struct SeedOptions {
  std::uint64_t groups = 0;
  std::uint64_t entries = 20;  // variables of each group
  base::Secret signing_key;    // of team default, HS256; empty: none is added
  base::UnixTime now;
};

// In commits of 20,000 groups; a store that has groups of these names gets new versions of them.
// `progress` is called with the number of groups that are done. Errors as Store::commit.
[[nodiscard]] base::Result<void> seed_store(Store& store, const SeedOptions& options,
                                            const std::function<void(std::uint64_t)>& progress);

}  // namespace sutler::store
