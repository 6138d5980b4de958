// Carrying a plan out: one commit, its audit record, and the answer that tells what was done.
#pragma once

#include <optional>
#include <string>
#include <vector>

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

// What a write says beside the change; the query parameters `dry_run` and `force` say it too.
struct Manner {
  bool dry_run = false;  // stop before the commit, and answer as if it had been made
  bool force = false;    // make a change that a team's `impact: refuse` would refuse
};

// Adds what the query says. kInvalid: a flag or the message is none.
[[nodiscard]] base::Result<void> read_manner(const Call& call, Manner& manner);

// What changes would do to the workloads that are known, before they are made.
struct Weighed {
  std::string impact;                          // for the answer (impact_report.h)
  std::optional<http::Response> refusal = {};  // 409 `impact`: the answer; it is recorded
};
// A dry run leaves no record; a forced change has the reason `forced`. `Context::writes` is held.
[[nodiscard]] Weighed weigh(const Context& context, const Call& call, Action& action,
                            const std::vector<store::Change>& changes, const Manner& manner);

// Commits (nothing when the plan is empty), records the action and answers; `Context::writes` is
// held. The answer: `{"revision","created","updated","unchanged","deleted","warnings","impact"}`
// with names, and `"dry_run":true` where nothing was done: then the revision is the current one.
// 201 when the plan is one new group, else 200. 409 `impact` where a team refuses the impact.
[[nodiscard]] base::Result<http::Response> carry_out(const Context& context, const Call& call,
                                                     Action& action, Plan plan, Manner manner = {});

// Whether `who` may make every change of the plan, whichever endpoint made it: asked again by
// carry_out(), so that no way to a write forgets it. For dry runs, which nothing else stops.
[[nodiscard]] base::Result<void> require_plan(const store::Snapshot& snapshot, const Principal& who,
                                              const Plan& plan);

// Who, when, and the query's `message`.
[[nodiscard]] store::CommitInfo commit_info(const Context& context, const Call& call);

}  // namespace sutler::admin
