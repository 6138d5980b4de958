// Carrying a plan out: one commit, its audit record, and the answer that tells what was done.
#pragma once

#include "admin/action.h"
#include "admin/apply.h"
#include "admin/context.h"

namespace sutler::admin {

// The one way to the store's commit: what is about to be done (the action's details) is recorded
// and synced first, so that no change can be without a trace. Gives the new revision; the caller
// still owes record_change().
[[nodiscard]] base::Result<std::uint64_t> commit_recorded(const Context& context, const Call& call,
                                                          Action& action,
                                                          std::vector<store::Change> changes);

// Commits (nothing when the plan is empty), records the action and answers; `Context::writes` is
// held. The query's `message` goes into the store, and with `dry_run=true` nothing is done: it
// foretells. The answer: `{"revision","created","updated","unchanged","deleted","warnings"}` with names.
// 201 when the plan is one new group, else 200.
[[nodiscard]] base::Result<http::Response> carry_out(const Context& context, const Call& call,
                                                     Action& action, Plan plan);

// The same answer for a plan that is not carried out; the revision is the current one.
[[nodiscard]] http::Response foretell(const Context& context, const Plan& plan);

// Who, when, and the query's `message`.
[[nodiscard]] store::CommitInfo commit_info(const Context& context, const Call& call);

}  // namespace sutler::admin
