// What the data plane counts: each thread for itself, without locks on the way of a fetch.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/metric.h"

namespace sutler::provider {

enum class FetchOutcome { kOk, kDenied, kThrottled, kFailed };
inline constexpr std::array<std::string_view, 4> kFetchOutcomes = {"ok", "denied", "throttled",
                                                                   "failed"};
// Teams that have counts of their own; all others share "other".
inline constexpr std::size_t kCountedTeamsMax = 200;

// Why a fetch gave nothing, as the audit's `reason` names it. The list is closed; what is not in it
// counts as the last.
inline constexpr std::array<std::string_view, 32> kFetchReasons = {"no_token",
                                                                   "address_not_allowed",
                                                                   "malformed_token",
                                                                   "bad_algorithm",
                                                                   "bad_signature",
                                                                   "bad_claims",
                                                                   "expired",
                                                                   "not_yet_valid",
                                                                   "exp_required",
                                                                   "throttled",
                                                                   "store_empty",
                                                                   "no_match",
                                                                   "snapshot_too_old",
                                                                   "audit_unavailable",
                                                                   "bundle_too_large",
                                                                   "corrupt",
                                                                   "missing_required",
                                                                   "template_cycle",
                                                                   "template_too_deep",
                                                                   "source_unavailable",
                                                                   "source_missing",
                                                                   "source_denied",
                                                                   "source_not_allowed",
                                                                   "source_bad_reference",
                                                                   "source_not_text",
                                                                   "source_not_base64",
                                                                   "unknown_source",
                                                                   "secrets_from_name",
                                                                   "secrets_from_conflict",
                                                                   "unknown_name",
                                                                   "internal",
                                                                   "other"};

// Of one Provider; only its thread counts, any thread reads.
class Counters {
 public:
  struct Team {
    std::array<std::atomic<std::uint64_t>, kFetchOutcomes.size()> outcomes{};
    void add(FetchOutcome outcome) { base::count(outcomes[static_cast<std::size_t>(outcome)]); }
  };

  // The counts of a team, which stay where they are as long as this lives. Locks: once per team and
  // change of the store, not per fetch.
  [[nodiscard]] Team& of_team(std::string_view id);
  void add_reason(std::string_view reason);

  base::LatencyHistogram fetch_latency;          // handed over by the wire → answer handed back
  std::atomic<std::uint64_t> other_requests{0};  // /healthz, 404, 405

  struct Totals {
    std::map<std::string, std::array<std::uint64_t, kFetchOutcomes.size()>> teams;
    std::array<std::uint64_t, kFetchReasons.size()> reasons{};
    base::LatencyHistogram::Totals latency;
    std::uint64_t other_requests = 0;
  };
  void add_to(Totals& totals) const;

 private:
  mutable std::mutex mutex_;  // for the map, not for what is counted
  std::map<std::string, std::unique_ptr<Team>, std::less<>> teams_;
  std::array<std::atomic<std::uint64_t>, kFetchReasons.size()> reasons_{};
};

// Those of all threads.
class CounterList {
 public:
  [[nodiscard]] std::shared_ptr<Counters> add();
  [[nodiscard]] Counters::Totals totals() const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::shared_ptr<Counters>> all_;
};

}  // namespace sutler::provider
