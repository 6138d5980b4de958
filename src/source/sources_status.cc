// What the sources tell of themselves. Locators never: they would be labels without end, and say
// more than whoever reads metrics may know.
#include "source/sources_state.h"

namespace sutler::source {
namespace {

using base::MetricFamily;
using Type = MetricFamily::Type;

class Families {
 public:
  MetricFamily& make(Type type, const char* name, const char* help) {
    all_.push_back({name, help, type, {}});
    return all_.back();
  }
  std::vector<MetricFamily> take() { return std::move(all_); }

 private:
  std::vector<MetricFamily> all_;
};

// Seconds since `time`; nothing is 0.
double age(std::optional<base::UnixTime> time, base::UnixTime now) {
  return time ? static_cast<double>(now.microseconds - time->microseconds) / 1e6 : 0;
}

}  // namespace

std::vector<SourceStatus> Sources::status() const {
  std::vector<SourceStatus> all;
  all.reserve(state_->all.size());
  for (const auto& source : state_->all) all.push_back(source->status());
  return all;
}

std::vector<MetricFamily> Sources::metrics() const {
  if (empty()) return {};
  const base::UnixTime now = state_->shared->clock.now();
  const std::vector<SourceStatus> statuses = status();
  Families families;
  const auto each = [&](Type type, const char* name, const char* help, auto value) {
    MetricFamily& family = families.make(type, name, help);
    for (const SourceStatus& one : statuses) {
      family.samples.push_back({{{"source", one.name}}, static_cast<double>(value(one)), {}});
    }
  };
  each(Type::kGauge, "sutler_source_up", "1 while the last call to the store was answered.",
       [](const auto& one) { return one.reachable ? 1 : 0; });
  each(Type::kGauge, "sutler_source_breaker_open", "1 while the store is taken for out.",
       [](const auto& one) { return one.breaker_open ? 1 : 0; });
  each(Type::kCounter, "sutler_source_calls_total", "Calls to the store.",
       [](const auto& one) { return one.calls; });
  MetricFamily& errors = families.make(Type::kCounter, "sutler_source_errors_total",
                                       "Documents that the store did not give, by kind.");
  for (const SourceStatus& one : statuses) {
    for (const auto& [kind, count] : one.errors) {
      errors.samples.push_back(
          {{{"source", one.name}, {"kind", kind}}, static_cast<double>(count), {}});
    }
  }
  each(Type::kCounter, "sutler_source_cache_hits_total", "Values given without a call.",
       [](const auto& one) { return one.hits; });
  each(Type::kGauge, "sutler_source_documents", "Documents in the cache.",
       [](const auto& one) { return one.documents; });
  each(Type::kGauge, "sutler_source_stale_documents",
       "Documents beyond their time whose store is out.",
       [](const auto& one) { return one.stale_documents; });
  each(Type::kGauge, "sutler_source_oldest_read_seconds",
       "Age of the document that was read longest ago.",
       [&](const auto& one) { return age(one.oldest_read, now); });
  each(Type::kGauge, "sutler_source_next_expiry_seconds",
       "Until the first document could be served no more if the store stayed out.",
       [&](const auto& one) { return one.next_expiry ? -age(one.next_expiry, now) : 0; });
  MetricFamily& latency = families.make(Type::kHistogram, "sutler_source_call_duration_seconds",
                                        "Time of one call to the store.");
  std::vector<CachedSource::Figures> figures;
  for (const auto& source : state_->all) {
    figures.push_back(source->figures());
    latency.samples.push_back({{{"source", source->common().name}}, 0, figures.back().latency});
  }
  MetricFamily& waits = families.make(Type::kHistogram, "sutler_source_wait_seconds",
                                      "How long requests waited for what had to be read first.");
  auto& all_waits = waits.samples.emplace_back();
  state_->shared->waits->add_to(all_waits.histogram);
  const auto counter = [&](const char* name, const char* help, auto member) {
    MetricFamily& family = families.make(Type::kCounter, name, help);
    for (std::size_t i = 0; i < figures.size(); ++i) {
      family.samples.push_back(
          {{{"source", statuses[i].name}}, static_cast<double>(figures[i].*member), {}});
    }
  };
  counter("sutler_source_stale_served_total", "Values served beyond their time.",
          &CachedSource::Figures::stale_served);
  counter("sutler_source_refreshed_ahead_total", "Documents read anew before their time was over.",
          &CachedSource::Figures::refreshed_ahead);
  counter("sutler_source_evicted_total", "Documents that went to make room.",
          &CachedSource::Figures::evicted);
  return families.take();
}

}  // namespace sutler::source
