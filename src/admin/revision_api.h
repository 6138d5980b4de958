// Commits: what each revision changed, and taking one back.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /api/v1/revisions: newest first, in pages. Each tells who, when, why, and the first changes
// that the caller may see; commits of which he may see nothing are left out.
[[nodiscard]] base::Result<http::Response> list_revisions(const Context&, const Call&, Action&);
// GET /api/v1/revisions/{revision}: all its changes that the caller may see.
[[nodiscard]] base::Result<http::Response> show_revision(const Context&, const Call&, Action&);
// POST /api/v1/revisions/{revision}/undo[?force=true]: restore.h, as one new revision; answers as
// commit.h says.
[[nodiscard]] base::Result<http::Response> undo_revision(const Context&, const Call&, Action&);

}  // namespace sutler::admin
