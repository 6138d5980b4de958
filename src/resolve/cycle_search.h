// Cycles among variables that name each other.
#pragma once

#include <map>
#include <string_view>
#include <vector>

namespace sutler::resolve {

// The variables that each template names.
using ReferenceGraph = std::map<std::string_view, std::vector<std::string_view>>;

// The variables on one way round, in its order; empty when there is none. The same graph gives the
// same way.
[[nodiscard]] std::vector<std::string_view> find_cycle(const ReferenceGraph& graph);

}  // namespace sutler::resolve
