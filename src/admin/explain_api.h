// What a workload would get, and why.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/teams/{team}/explain: the story of docs/explain.md; with `reveal` an audited
// showing.
[[nodiscard]] base::Result<http::Response> explain_workload(const Context&, const Call&, Action&);
// POST /api/v1/teams/{team}/bundle: what the provider would answer, always an audited showing. The
// errors are those of a fetch: store_empty, no_match, unknown_name and so on.
[[nodiscard]] base::Result<http::Response> show_bundle(const Context&, const Call&, Action&);

}  // namespace sutler::admin
