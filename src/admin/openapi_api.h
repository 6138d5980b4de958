// The description of this API, docs/openapi.yaml, which is compiled into the program.
#pragma once

#include "admin/context.h"

namespace sutler::admin {

// GET /openapi.yaml; open to all, for it holds nothing of this server.
[[nodiscard]] base::Result<http::Response> show_openapi(const Context&, const Call&, Action&);

[[nodiscard]] std::string_view openapi_yaml();

}  // namespace sutler::admin
