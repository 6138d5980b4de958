// The control plane as one HTTP handler: it serves the unix socket and the TCP listener alike.
//
// Judged in this order: Host 421 (TCP), path 404, credentials 401, 403 or 429, the page that sent
// it 403, method 405, the role 403, query and body 400, then the endpoint. `/livez` and `/readyz`
// need neither Host nor credentials.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "admin/access.h"
#include "admin/context.h"
#include "admin/denials.h"
#include "admin/lanes.h"
#include "admin/login_throttle.h"
#include "admin/token_uses.h"
#include "audit/log.h"
#include "base/clock.h"
#include "http/exchange.h"
#include "model/team.h"
#include "registry/registry.h"
#include "resolve/catalog.h"
#include "source/sources.h"
#include "store/store.h"

namespace sutler::admin {

class Action;
struct Route;
struct Found;

// The referenced things must outlive the Service. The catalog must be subscribed to the store.
struct Options {
  store::Store& store;
  const resolve::Catalog& catalog;
  audit::Log& audit;
  const base::Clock& clock;
  AccessOptions access = {};
  model::WeakKeys weak_keys = model::WeakKeys::kRefuse;
  std::string version = {};                        // of the program
  std::string data_dir = {};                       // for `status`; may be empty
  std::string node = {};                           // its id, where several have the store
  std::vector<std::string> master_key_ids = {};    // for `status`; may be empty
  registry::Registry* registry = nullptr;          // null: impact and workloads know of none
  Restarts* restarts = nullptr;                    // null: workloads are not restarted from here
  source::Sources* sources = nullptr;              // null: groups cannot refer to any
  std::function<bool()> ready = {};                // none: always ready. Thread-safe
  std::function<std::string()> provider_url = {};  // for `status`; may be empty. Thread-safe
  Background background = {};
  SharedDatabase database = {};
  // Thread-safe; may be empty.
  std::function<std::vector<Check>()> checks = {};
  std::function<std::vector<base::MetricFamily>()> metrics = {};
  // kEverybody: `/metrics` asks nobody for credentials (`metrics_open`).
  enum class MetricsFor { kLocal, kEverybody } metrics_for = MetricsFor::kLocal;
};

// Thread-safe: handlers of several loops may share it. `/livez` and `/readyz` are answered on the
// loop; everything else on lanes (lanes.h), where it may wait: changes on one, the rest on others.
class Service final : public http::Handler {
 public:
  explicit Service(Options options);
  ~Service() override;
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  void handle(http::Reply reply) override { serve(std::move(reply), Door::kAdmin); }
  void serve(http::Reply reply, Door door);
  void refused(std::string_view remote, int status, std::string_view why) override;
  [[nodiscard]] std::optional<http::Response> refuse_before_body(
      const http::Request& request) override {
    return refuse_before_body(request, Door::kAdmin);
  }
  // Writes the records of denials that were counted in seconds that are over, when tokens were
  // used, and what other nodes need to know. Call it about once a second.
  void tick();

  // Who waits for news is answered now, and nobody may wait from then on. Before the servers that
  // use this handler are ended.
  void end_waits() { later_.stop(); }
  // What is being answered is waited for, what stands in line gets 503. As end_waits(), but after
  // the servers were drained.
  void end_work();
  // Whether somebody waits for his answer.
  [[nodiscard]] bool is_busy() const { return changes_.is_busy() || lookups_.is_busy(); }

  // The owner token as its file has it now; a record says that it is another.
  void take_owner_token(const base::Secret& token);

  struct Totals {
    std::array<std::uint64_t, 5> by_class{};  // answers 1xx to 5xx
    base::LatencyHistogram::Totals latency;
  };
  [[nodiscard]] Totals totals() const;

  // What serve() sends.
  [[nodiscard]] http::Response answer(const http::Request& request, Door door = Door::kAdmin);
  [[nodiscard]] std::optional<http::Response> refuse_before_body(const http::Request& request,
                                                                 Door door);

 private:
  [[nodiscard]] http::Response answer(const http::Request& request, Door door, Later& later);
  [[nodiscard]] http::Response judge(const http::Request& request, Door door, Later& later);
  [[nodiscard]] bool is_open(const Found& found, const http::Request& request, Door door) const;
  void answer(Lane::Request request);
  void count(int status, double started);
  // Who he is, or the answer that he gets instead.
  [[nodiscard]] std::expected<Principal, http::Response> let_in(const http::Request& request,
                                                                Door door);
  [[nodiscard]] http::Response refuse(const Call& call, Action& action, const base::Error& error);
  [[nodiscard]] http::Response perform(const Route& route, Call& call);
  struct SourceWait;
  [[nodiscard]] http::Response perform_waiting(const Route& route, Call& call,
                                               std::set<source::Wanted> asked,
                                               source::FetchTime time);
  [[nodiscard]] std::optional<http::Response> go_on(const Route& route, SourceWait& waits,
                                                    Patience patience);

  const Options::MetricsFor metrics_for_;
  Access access_;
  Denials denials_;
  LoginThrottle throttle_;
  std::optional<store::Notes> notes_;  // where several nodes have the store
  const std::string node_;
  TokenUses uses_;
  const base::Clock& clock_;
  store::Store& store_;
  Description about_;
  std::mutex writes_;
  Context context_;
  std::array<std::atomic<std::uint64_t>, 5> answers_{};
  base::LatencyHistogram latency_;
  LaterQueue later_;  // what it does uses all the rest
  Lane changes_, lookups_;
};

// The same for the socket of an authenticating proxy, whose fields are believed there and nowhere
// else. The service must outlive it.
class ProxyDoor final : public http::Handler {
 public:
  explicit ProxyDoor(std::shared_ptr<Service> service) : service_(std::move(service)) {}
  void handle(http::Reply reply) override { service_->serve(std::move(reply), Door::kProxy); }
  void refused(std::string_view remote, int status, std::string_view why) override {
    service_->refused(remote, status, why);
  }
  [[nodiscard]] std::optional<http::Response> refuse_before_body(
      const http::Request& request) override {
    return service_->refuse_before_body(request, Door::kProxy);
  }

 private:
  std::shared_ptr<Service> service_;
};

}  // namespace sutler::admin
