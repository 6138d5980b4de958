// Who received a secret, and who saw it: the list of what to rotate after a leak or a leaver.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// POST /api/v1/exposure: one of `{"group","key","team"?}`, `{"value"}` or `{"operator"}`; the
// answer is in docs/exposure.md. No value is in it, nor kept. A search by value or operator is
// recorded.
[[nodiscard]] base::Result<http::Response> tell_exposure(const Context&, const Call&, Action&);

}  // namespace sutler::admin
