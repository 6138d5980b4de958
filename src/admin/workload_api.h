// Workloads that sutler has seen, and their drift. What is shown is what the operator may see.
#pragma once

#include <array>
#include <string_view>

#include "admin/context.h"
#include "registry/registry.h"

namespace sutler::admin {

// Which workloads a list is about.
inline constexpr std::array<std::string_view, 9> kWorkloadQuery = {
    "team", "project", "object", "type", "group", "key", "search", "cursor", "limit"};

// GET /api/v1/workloads: `{"items":[…],"total","next_cursor"?}`.
[[nodiscard]] base::Result<http::Response> list_workloads(const Context&, const Call&, Action&);
// GET /api/v1/workloads/{id}: one, with what it received and its drift.
[[nodiscard]] base::Result<http::Response> show_workload(const Context&, const Call&, Action&);
// GET /api/v1/drift: those that last fetched something else than they would get now, key by key.
[[nodiscard]] base::Result<http::Response> list_drift(const Context&, const Call&, Action&);

}  // namespace sutler::admin
