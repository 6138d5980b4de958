// All rooms of one running server, wired together. Members are in the order in which they are made;
// what comes later may use what comes before, and goes first.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "admin/service.h"
#include "audit/log.h"
#include "base/clock.h"
#include "http/server.h"
#include "provider/provider.h"
#include "resolve/bundle_cache.h"
#include "resolve/catalog.h"
#include "server/checkpoint_keeper.h"
#include "server/clock_trust.h"
#include "server/config_watch.h"
#include "server/copy_keeper.h"
#include "server/data_dir.h"
#include "server/follower.h"
#include "server/options.h"
#include "server/shared_audit.h"
#include "server/this_node.h"
#include "server/tls_reload.h"
#include "server/upkeep.h"
#include "server/workloads.h"
#include "source/sources.h"
#include "store/store.h"

namespace sutler::server {

class App {
 public:
  explicit App(const Options& options) : options_(options) {}

  // Everything up to listening sockets; nothing is served yet.
  [[nodiscard]] base::Result<void> prepare();
  // Applies the groups of `--apply`, if any.
  [[nodiscard]] base::Result<void> apply_files();
  void start();
  // `{"provider": "http://…", "admin": "http://…", "socket": "…"}`
  [[nodiscard]] std::string ready_line() const;

  // Once a second: counted denials, a look at the database, certificates.
  void tick(TlsReload::Force force);
  void announce_drain();
  // Ends at once when `give_up` says so; whether it ended by itself.
  enum class Drained { kInPeace, kGivenUp };
  [[nodiscard]] Drained drain(const std::function<bool()>& give_up);

 private:
  [[nodiscard]] base::Result<void> prepare_store();
  [[nodiscard]] base::Result<void> prepare_audit();
  [[nodiscard]] base::Result<void> prepare_sources();
  [[nodiscard]] base::Result<void> prepare_secret_key();
  [[nodiscard]] base::Result<void> prepare_provider();
  [[nodiscard]] admin::SharedDatabase shared_database() const;
  [[nodiscard]] base::Result<void> prepare_admin();
  [[nodiscard]] std::vector<std::string> admin_hosts() const;
  [[nodiscard]] std::string provider_url() const;  // once it listens
  [[nodiscard]] base::Result<void> look_at_store();
  void watch_store();
  void reload_owner_token();
  void record_settled(const store::Settled& settled);
  void watch_audit();
  // observe.cc
  [[nodiscard]] std::vector<admin::Check> checks() const;
  [[nodiscard]] std::vector<base::MetricFamily> metrics() const;

  const Options& options_;
  const base::SystemClock clock_;
  std::optional<DataDir> dir_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Follower> follower_;  // of a store that several nodes share
  std::unique_ptr<CopyKeeper> copy_;    // of the same, when it is wanted
  resolve::Catalog catalog_;
  ThisNode node_;
  std::unique_ptr<CheckpointKeeper> checkpoints_;
  std::unique_ptr<ClockTrust> clock_trust_;
  std::unique_ptr<SharedAudit> shared_audit_;  // null: the store has but one node
  std::unique_ptr<audit::Log> audit_;
  std::shared_ptr<void> audit_attached_;
  std::unique_ptr<Upkeep> upkeep_;
  std::unique_ptr<Workloads> workloads_;
  std::unique_ptr<HistoryPurger> purger_;
  std::unique_ptr<source::Sources> sources_;
  std::unique_ptr<resolve::BundleCache> cache_;
  std::shared_ptr<provider::Shared> shared_;
  std::unique_ptr<ConfigWatch> config_;  // null in tests
  std::optional<TlsReload> tls_, admin_tls_;
  std::unique_ptr<admin::Restarts> restarts_;
  std::shared_ptr<admin::Service> admin_;
  std::unique_ptr<http::Server> admin_server_;
  std::unique_ptr<http::Server> provider_server_;
  std::size_t provider_listener_ = 0, admin_listener_ = 0;
  bool integrity_was_good_ = true;
  std::atomic<std::uint64_t> store_failures_{0};  // times that the store was found unsound
  std::atomic<std::int64_t> published_{0};        // when, in microseconds since 1970
};

}  // namespace sutler::server
