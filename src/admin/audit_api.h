// Reading the audit log: pages, export, following. Searches run on a thread of their own, so that
// nobody else waits for them. Who has scopes sees only the records of what he may see.
#pragma once

#include <array>
#include <string_view>

#include "admin/context.h"

namespace sutler::admin {

// Where a store has several nodes, they read the records of all: cursors are text then, an answer
// says in `nodes` how far each node can be seen, and `complete` is false where one is behind.
//
// GET /api/v1/audit: `{"records":[…],"next":SEQ,"last_seq":SEQ}`, newest first. `next` is the
// `cursor` of the next page and left out on the last one.
[[nodiscard]] base::Result<http::Response> list_audit(const Context&, const Call&, Action&);
// GET /api/v1/audit/export: the lines as they stand in the log, oldest first; `X-Next-Cursor` where
// there are more.
[[nodiscard]] base::Result<http::Response> export_audit(const Context&, const Call&, Action&);
// GET /api/v1/audit/follow?after=SEQ&wait=30: what came after that record, oldest first; waits that
// many seconds for the first one.
[[nodiscard]] base::Result<http::Response> follow_audit(const Context&, const Call&, Action&);

// The parameters that each takes.
inline constexpr std::array<std::string_view, 22> kAuditQuery = {
    "since", "until",   "team",   "project", "object",     "type", "group",       "key",
    "event", "outcome", "key_id", "remote",  "request_id", "text", "checkpoints", "operator",
    "order", "cursor",  "limit",  "after",   "wait",       "node"};

}  // namespace sutler::admin
