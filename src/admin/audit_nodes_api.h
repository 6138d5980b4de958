// The audit logs of the nodes of one store: which there are, how far they can be seen, and their
// lines as the store has them, for who proves them.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "admin/context.h"
#include "audit/merged.h"

namespace sutler::admin {

// GET /api/v1/audit/nodes: `{"nodes":[{"node","name","state",…}]}`; none where a store has but one.
[[nodiscard]] base::Result<http::Response> list_audit_nodes(const Context&, const Call&, Action&);
// GET /api/v1/audit/lines?node=ID&after=SEQ: `{"records":[…]}`, the lines of that node after that
// one, byte for byte, from the store alone; without a record: there are no more. 500
// `audit_row_damaged`: the row that comes next is not as it was written. Not for those with scopes.
[[nodiscard]] base::Result<http::Response> list_audit_lines(const Context&, const Call&, Action&);

inline constexpr std::array<std::string_view, 2> kAuditLinesQuery = {"node", "after"};

// `[{"node","name","state","copied_seq","behind_lines","behind_seconds","seen"}]`
[[nodiscard]] std::string audit_nodes_json(std::span<const audit::NodeState> nodes);

// Null where a store has but one node.
[[nodiscard]] audit::MergedLog* merged_log(const Context& context);

}  // namespace sutler::admin
