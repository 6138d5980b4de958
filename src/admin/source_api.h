// The sources: how each is, whether it lets us in, and reading anew what is cached of it.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// `/api/v1/sources` and `/api/v1/sources/{name}`. What stores answered, with references in it, is
// for owners and auditors without scopes.
[[nodiscard]] base::Result<http::Response> list_sources(const Context& context, const Call& call,
                                                        Action& action);
[[nodiscard]] base::Result<http::Response> show_source(const Context& context, const Call& call,
                                                       Action& action);
// Both wait for the store on a thread of their own, at most for the deadline of the source; the
// record `source.check` or `source.refresh` is written when it is done.
[[nodiscard]] base::Result<http::Response> check_source(const Context& context, const Call& call,
                                                        Action& action);
[[nodiscard]] base::Result<http::Response> refresh_source(const Context& context, const Call& call,
                                                          Action& action);

}  // namespace sutler::admin
