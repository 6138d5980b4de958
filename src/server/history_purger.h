// Takes old versions of groups away by the policy of the settings `history_keep_versions` and
// `history_keep_days`, at the start (with days: not in the
// first hour) and then once an hour, on a thread of its own. Of several nodes one does it: the one
// that got the lease keeps it until it ends or dies.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>

#include "audit/log.h"
#include "base/clock.h"
#include "store/leases.h"
#include "store/store.h"

namespace sutler::server {

// A version goes only when each rule that is given lets it go; without a rule nothing goes.
struct HistoryPolicy {
  std::optional<std::uint64_t> keep_versions = {};
  std::optional<std::uint64_t> keep_days = {};
  [[nodiscard]] bool empty() const { return !keep_versions && !keep_days; }
};

[[nodiscard]] store::PurgeRule purge_rule(const HistoryPolicy& policy, base::UnixTime now);

// The referenced things must outlive it. While `clock_trusted` says no, a policy with days does
// nothing.
class HistoryPurger {
 public:
  HistoryPurger(store::Store& store, audit::Log& audit, const base::Clock& clock,
                const HistoryPolicy& policy, store::Leases& leases,
                std::function<bool()> clock_trusted);
  ~HistoryPurger();  // stop(), and waits for it
  HistoryPurger(const HistoryPurger&) = delete;
  HistoryPurger& operator=(const HistoryPurger&) = delete;

  // Starts the thread; with an empty policy there is none.
  void start();
  // A pass that is running ends after the batch at hand. Does not wait for it.
  void stop();
  // Purges now, if no other node has the lease. Before it an audit record `history.purge` tells the
  // intent (without it nothing goes), behind it another what went, and which versions do not open
  // (reason `damaged`); a failure is logged, and the next time tries again.
  void run_once();

 private:
  void work();
  [[nodiscard]] bool is_ours();
  [[nodiscard]] bool stopping();
  void tell(const store::PurgeReport& report);
  [[nodiscard]] base::Result<void> record(audit::Outcome outcome, std::uint64_t count,
                                          std::string_view reason = {},
                                          std::string_view groups_json = {});

  store::Store& store_;
  audit::Log& audit_;
  const base::Clock& clock_;
  const HistoryPolicy policy_;
  store::Leases& leases_;
  std::optional<store::Leases::Held> lease_;  // of the thread
  const std::function<bool()> clock_trusted_;
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace sutler::server
