// GET /metrics: what the rooms count, in the text format of Prometheus.
#pragma once

#include <span>
#include <string>

#include "admin/context.h"
#include "base/metric.h"

namespace sutler::admin {

// Without credentials by the unix socket and from loopback addresses (unless the request came
// through a proxy, which says so), or from everywhere with `metrics_open`; else for every role
// without scopes.
[[nodiscard]] base::Result<http::Response> show_metrics(const Context&, const Call&, Action&);
[[nodiscard]] bool is_local(const http::Request& request);

// The exposition format, version 0.0.4. The only place that knows prometheus-cpp.
[[nodiscard]] std::string metrics_text(std::span<const base::MetricFamily> families);

}  // namespace sutler::admin
