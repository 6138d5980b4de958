// The data plane: `GET /` from token to answer.
//
// One Provider per thread; it shares the catalog, the bundle cache, the audit log and the denial
// counter with the others. Errors are judged in a fixed order: path 404, method 405, token 401 (or
// 429 where an address has failed too often; a token that verifies is never throttled), then 503
// with Retry-After. What the caller is told never says why; the audit does.
//
// A fetch that will succeed waits for the end of the turn: all fetches that arrived together are
// recorded by one write, and only when that has returned does the first byte of an answer leave.
//
// A fetch with values of sources that are not read yet waits, without holding up the thread, and is
// then judged from the start: token, team and groups may have changed meanwhile. It waits for each
// document once, and for all of them together no longer than the longest deadline of their sources.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/denial_counter.h"
#include "audit/log.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "jwt/verify.h"
#include "model/workload.h"
#include "provider/counters.h"
#include "provider/failure_throttle.h"
#include "provider/key_use.h"
#include "provider/waiting.h"
#include "registry/registry.h"
#include "resolve/bundle_cache.h"
#include "resolve/catalog.h"
#include "source/sources.h"
#include "store/snapshot.h"

namespace sutler::provider {

enum class AuditDemand { kRequired, kBestEffort };  // `audit_required: false` is best effort

struct Options {
  AuditDemand audit = AuditDemand::kRequired;
  // Failed tokens per address and minute; above, a token that fails gets 429 instead of 401.
  std::uint32_t failures_per_minute_max = 6000;
  // Fetches of one thread that wait for sources; above, one gets what is there at once or fails.
  std::size_t waiting_max = 12'000;
};

// What the threads' providers share. All outlive them. `extra_keys` verify for the team `default`
// beside its own (the reference's SECRET) and are never stored.
struct Shared {
  resolve::Catalog& catalog;
  resolve::BundleCache& cache;
  audit::Log& audit;
  const base::Clock& clock;
  FailureThrottle throttle;
  std::mutex denials_mutex;
  audit::DenialCounter denials;
  std::vector<crypto::HmacKey> extra_keys;
  registry::Registry* registry = nullptr;  // set before the first Provider is made; null: none
  source::Sources* sources = nullptr;      // the same
  std::atomic<bool> audit_works{true};
  std::atomic<bool> draining{false};  // /healthz says so before anything is closed
  // The snapshot is older than the server may serve from: fetches get 503.
  std::atomic<bool> too_old{false};
  CounterList counters;
  KeyUse key_use;

  Shared(resolve::Catalog& c, resolve::BundleCache& b, audit::Log& a, const base::Clock& t,
         const Options& options)
      : catalog(c), cache(b), audit(a), clock(t), throttle(options.failures_per_minute_max) {}
};

class Provider final : public http::Handler {
 public:
  Provider(std::shared_ptr<Shared> shared, const Options& options);
  ~Provider() override;

  void handle(http::Reply reply) override;
  void refused(std::string_view remote, int status, std::string_view why) override;
  void turn_end() override;

 private:
  struct Grant;
  struct Endpoint;

  void judge(http::Reply reply, std::unique_ptr<Progress> progress);
  void fetch(http::Reply reply, const Endpoint& endpoint, std::unique_ptr<Progress> progress);
  void resolve_for(http::Reply reply, const Endpoint& endpoint, const jwt::Claims& claims,
                   std::unique_ptr<Progress> progress);
  [[nodiscard]] bool may_wait(std::vector<source::Wanted>& wanted, const Progress* progress) const;
  void wait(http::Reply reply, std::vector<source::Wanted> wanted,
            std::unique_ptr<Progress> progress);
  void resume(std::uint64_t id);
  void done(const Endpoint& endpoint, FetchOutcome outcome, std::string_view reason);
  void deny(http::Reply reply, const Endpoint& endpoint, std::string_view reason);
  void fail(http::Reply reply, const Endpoint& endpoint, const jwt::Claims& claims,
            const model::Workload& workload, const base::Error& error,
            const resolve::Sourcing& sourcing);
  void health(http::Reply reply);
  void refresh_view();
  [[nodiscard]] std::vector<char> record_grants(std::span<const audit::Event> events);
  void record_refusal(const audit::Event& event);

  const std::shared_ptr<Shared> shared_;
  const Options options_;
  const std::shared_ptr<Counters> counters_;
  double started_ = 0;  // when the request came that is being handled
  // What is served now, and its teams by path; renewed when the catalog moved on.
  std::shared_ptr<const resolve::View> view_;
  std::uint64_t view_generation_ = 0;
  std::map<std::string, Endpoint, std::less<>> endpoints_;
  std::vector<Grant> grants_;  // of this turn
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::uint64_t waits_ = 0;                       // so far; names the next
  std::shared_ptr<registry::Recorder> recorder_;  // null: no registry
};

// Writes the records of denials that were only counted: of seconds that are over (about once a
// second), or all (at the end).
enum class Flush { kDue, kAll };
void flush_denials(Shared& shared, Flush flush);

}  // namespace sutler::provider
