#include "server/history_purger.h"

#include <chrono>
#include <utility>

#include "base/log.h"

namespace sutler::server {
namespace {

constexpr std::chrono::hours kInterval{1};
constexpr std::int64_t kMicrosecondsPerDay = 86'400'000'000;

}  // namespace

store::PurgeRule purge_rule(const HistoryPolicy& policy, base::UnixTime now) {
  store::PurgeRule rule;
  rule.keep_versions = policy.keep_versions;
  if (policy.keep_days) {
    const auto days = static_cast<std::int64_t>(*policy.keep_days);
    rule.in_force_since = base::UnixTime{now.microseconds - days * kMicrosecondsPerDay};
  }
  return rule;
}

HistoryPurger::HistoryPurger(store::Store& store, audit::Log& audit, const base::Clock& clock,
                             const HistoryPolicy& policy, store::Leases& leases,
                             std::function<bool()> clock_trusted)
    : store_(store),
      audit_(audit),
      clock_(clock),
      policy_(policy),
      leases_(leases),
      clock_trusted_(std::move(clock_trusted)) {}

void HistoryPurger::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  stop_.notify_all();
}

HistoryPurger::~HistoryPurger() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void HistoryPurger::start() {
  if (!policy_.empty()) thread_ = std::thread([this] { work(); });
}

void HistoryPurger::work() {
  // By age nothing goes in the first hour: who sees that the clock is wrong has time to stop us.
  bool due = !policy_.keep_days;
  while (true) {
    if (due) run_once();
    due = true;
    std::unique_lock lock(mutex_);
    if (stop_.wait_for(lock, kInterval, [this] { return stopped_; })) return;
  }
}

bool HistoryPurger::is_ours() {
  if (lease_ && !lease_->lost()) return true;
  lease_.reset();
  auto taken = leases_.take("history");
  if (!taken) {
    base::log::warning("old versions are not purged: the store cannot say who does it",
                       {{"why", taken.error().message}});
    return false;
  }
  lease_ = std::move(*taken);
  return lease_.has_value();
}

void HistoryPurger::run_once() {
  if (!is_ours()) return;
  if (policy_.keep_days && clock_trusted_ && !clock_trusted_()) {
    base::log::warning("old versions are not purged: the clock is not sure yet", {});
    return;
  }
  bool begun = false;
  store::PurgeWatch watch;
  watch.before = [&](std::size_t groups) {
    if (lease_->lost()) {
      return base::Result<void>(
          base::fail(base::Code::kUnavailable, "another node may do it by now"));
    }
    auto recorded = record(audit::Outcome::kIntent, groups);
    begun = recorded.has_value();
    return recorded;
  };
  watch.stop = [this] { return stopping(); };
  auto report = store_.purge_all(purge_rule(policy_, clock_.now()), watch);
  if (!report) {
    base::log::error("old versions could not be purged", {{"why", report.error().message}});
    return;
  }
  if (begun || report->damaged.count != 0) tell(*report);
}

bool HistoryPurger::stopping() {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void HistoryPurger::tell(const store::PurgeReport& report) {
  for (const store::DamagedRow& row : report.damaged.rows) {
    base::log::warning("an old version does not open: it is damaged or was changed from outside",
                       {{"record", store::describe(row)}});
  }
  if (report.failed) {
    base::log::error("old versions could not be purged", {{"why", report.failed->message}});
  } else if (report.versions != 0) {
    base::log::info("old versions were purged by policy",
                    {{"groups", static_cast<std::int64_t>(report.groups)},
                     {"versions", static_cast<std::int64_t>(report.versions)}});
  }
  const std::string damaged = report.damaged.json();
  const std::string_view reason = report.failed               ? base::code_name(report.failed->code)
                                  : report.stopped            ? "stopped"
                                  : report.damaged.count != 0 ? "damaged"
                                                              : "";
  const auto outcome = report.failed ? audit::Outcome::kFailed : audit::Outcome::kOk;
  if (auto recorded = record(outcome, report.versions, reason, damaged); !recorded) {
    base::log::error("a purge has no record but its intent", {{"why", recorded.error().message}});
  }
}

base::Result<void> HistoryPurger::record(audit::Outcome outcome, std::uint64_t count,
                                         std::string_view reason, std::string_view groups_json) {
  audit::Event event{.time = clock_.now(), .event = "history.purge", .outcome = outcome};
  event.operator_name = "policy";
  event.revision = store_.snapshot()->revision;
  event.groups_json = groups_json;
  event.reason = reason;
  event.count = count;
  return audit_.append({&event, 1}, audit::Durability::kSynced);
}

}  // namespace sutler::server
