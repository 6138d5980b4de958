// What somebody may be told of groups, and the impact of a change as far as that goes.
#pragma once

#include <functional>

#include "model/workload.h"
#include "resolve/overlay.h"
#include "resolve/resolver.h"

namespace sutler::resolve {

struct Effect;

// Each is empty where there is no limit.
struct Sight {
  Visible sees;     // that the group is there, and the names of its entries
  Visible reveals;  // its values; who may see values may see the group
  std::function<bool(const model::Workload&)> knows;  // the workload
};

// Whether there is a group of the workload, before or after, whose values may not be told.
[[nodiscard]] bool is_limited(const Overlay& overlay, const model::Workload& workload,
                              const Sight& sight);

// What the change does to the workload, from nothing but what may be told. A group that may not be
// seen counts as if it were not there, and where there is one the fetch is not said to be empty, or
// to fail for a name that no group has. No value is looked at but to compare an entry with the same
// entry of the version before: a key counts as changed where another group gives it, where its
// entry changes, or where its template names one that does. Nor is a fetch said to fail for the
// size of a value.
[[nodiscard]] Effect limited_effect(Overlay& overlay, const model::Workload& workload,
                                    const Sight& sight);

}  // namespace sutler::resolve
