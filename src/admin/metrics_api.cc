#include "admin/metrics_api.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>
#include <vector>

#include "admin/json_io.h"

namespace sutler::admin {
namespace {

using Type = base::MetricFamily::Type;

prometheus::MetricType type_of(Type type) {
  switch (type) {
    case Type::kCounter: return prometheus::MetricType::Counter;
    case Type::kGauge: return prometheus::MetricType::Gauge;
    case Type::kHistogram: return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

void set_histogram(prometheus::ClientMetric& metric, const base::LatencyHistogram::Totals& totals) {
  constexpr double kMicroseconds = 1e6;
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < totals.classes.size(); ++i) {
    sum += totals.classes[i];
    prometheus::ClientMetric::Bucket bucket;
    bucket.cumulative_count = sum;
    const bool last = i == base::LatencyHistogram::kBounds.size();
    if (last) continue;  // the serializer writes +Inf itself, from the count
    bucket.upper_bound = static_cast<double>(base::LatencyHistogram::kBounds[i]) / kMicroseconds;
    metric.histogram.bucket.push_back(bucket);
  }
  metric.histogram.sample_count = sum;
  metric.histogram.sample_sum = static_cast<double>(totals.sum_microseconds) / kMicroseconds;
}

prometheus::ClientMetric metric_of(Type type, const base::MetricFamily::Sample& sample) {
  prometheus::ClientMetric metric;
  for (const auto& [name, value] : sample.labels) metric.label.push_back({name, value});
  if (type == Type::kCounter) metric.counter.value = sample.value;
  if (type == Type::kGauge) metric.gauge.value = sample.value;
  if (type == Type::kHistogram) set_histogram(metric, sample.histogram);
  return metric;
}

}  // namespace

bool is_local(const http::Request& request) {
  // Who stands behind a proxy on this machine is not on this machine.
  for (const std::string_view name : {"Forwarded", "X-Forwarded-For", "X-Real-IP", "Via"}) {
    if (!request.field(name).empty()) return false;
  }
  return request.remote == "unix" || request.remote == "::1" ||
         request.remote.starts_with("127.") || request.remote.starts_with("::ffff:127.");
}

std::string metrics_text(std::span<const base::MetricFamily> families) {
  std::vector<prometheus::MetricFamily> out;
  for (const auto& family : families) {
    if (family.samples.empty()) continue;
    prometheus::MetricFamily made;
    made.name = family.name;
    made.help = family.help;
    made.type = type_of(family.type);
    for (const auto& sample : family.samples) {
      made.metric.push_back(metric_of(family.type, sample));
    }
    out.push_back(std::move(made));
  }
  return prometheus::TextSerializer().Serialize(out);
}

base::Result<http::Response> show_metrics(const Context& context, const Call& call, Action&) {
  if (!call.who.scopes.empty()) {
    return base::fail(base::Code::kRefused, "the metrics are about all teams, and you have scopes",
                      "use a token of an operator without scopes", "out_of_scope");
  }
  std::vector<base::MetricFamily> families;
  if (context.about.metrics) families = context.about.metrics();
  http::Response response;
  response.content_type = "text/plain; version=0.0.4; charset=utf-8";
  response.body = base::Secret(std::string_view(metrics_text(families)));
  return response;
}

}  // namespace sutler::admin
