// Whether two restrictions can match the same workload.
#pragma once

#include <cstddef>
#include <string_view>

#include "model/restriction.h"

namespace sutler::resolve {

// True when some name matches both patterns.
[[nodiscard]] bool globs_overlap(std::string_view a, std::string_view b);

// True when some workload matches both. Each comparison of two patterns takes one from `budget`;
// when it is used up the answer is false.
[[nodiscard]] bool restrictions_overlap(const model::Restrictions& a, const model::Restrictions& b,
                                        std::size_t& budget);

}  // namespace sutler::resolve
