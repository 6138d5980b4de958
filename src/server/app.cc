#include "server/app.h"

#include <unistd.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/wipe.h"
#include "model/group_writer.h"
#include "server/group_files.h"
#include "server/open_files.h"
#include "server/prepare.h"
#include "server/proxy_listener.h"
#include "server/source_setup.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

// Whose connections to the admin socket are an owner's.
std::vector<std::int64_t> trusted_uids(const Options& options) {
  const auto own = static_cast<std::int64_t>(::geteuid());
  if (!options.sources_run_programs) return {0, own};
  if (own != 0) {
    base::log::info(
        "a source runs programs: the admin socket trusts root only, and the server's own user "
        "needs a token");
  }
  return {0};
}

}  // namespace

Result<void> App::prepare() {
  if (!base::heap_is_wiped()) {
    return fail(Code::kInternal, "this binary was linked without the wiping heap");
  }
  if (auto done = prepare_store(); !done) return done;
  if (auto done = prepare_audit(); !done) return done;
  if (auto done = prepare_sources(); !done) return done;
  cache_ = std::make_unique<resolve::BundleCache>(
      resolve::BundleCache::Options{.bytes_max = options_.bundle_cache_bytes});
  shared_ =
      std::make_shared<provider::Shared>(catalog_, *cache_, *audit_, clock_, options_.provider);
  auto workloads = Workloads::open(*store_, *audit_, options_.registry, upkeep_->peers());
  if (!workloads) return pass(workloads);
  workloads_ = std::move(*workloads);
  if (options_.keeps_registry) {
    shared_->registry = &workloads_->registry();
  } else {
    base::log::warning("no registry of workloads is kept: impact, drift and exposure know nobody",
                       {{"setting", "registry_workloads_max"}});
  }
  shared_->sources = sources_.get();
  if (auto done = prepare_secret_key(); !done) return done;
  if (auto done = prepare_admin(); !done) return done;
  return prepare_provider();
}

Result<void> App::prepare_store() {
  auto dir = DataDir::open(options_.data_dir);
  if (!dir) return pass(dir);
  dir_ = std::move(*dir);
  const auto holding = look_for_store(*dir_, options_);
  if (!holding) return base::Unexpected(holding.error());
  const bool exists = *holding == Holding::kStore;
  if (!exists && options_.database) {
    return fail(Code::kNotFound, options_.database->shown() + " holds no sutler store",
                "is it the right database? `sutler init` makes a new store, on purpose");
  }
  if (!exists && options_.store == StoreDemand::kMustExist) {
    return fail(Code::kNotFound, "there is no store in " + dir_->path().string(),
                "is the volume mounted? `sutler init` makes a new store, on purpose");
  }
  if (!exists) {
    auto paths = create_store(*dir_, options_);
    if (!paths) return pass(paths);
    base::log::info("a new store was made", {{"database", paths->database},
                                             {"master_key", paths->master_key.native()},
                                             {"owner_token", paths->owner_token.native()}});
  }
  auto store = open_store(*dir_, options_);
  if (!store) return pass(store);
  store_ = std::move(*store);
  store_->subscribe([this](const store::Publication& publication) {
    catalog_.publish(publication);
    published_ = clock_.now().microseconds;
  });
  if (options_.database) follower_ = std::make_unique<Follower>(*store_);
  return {};
}

Result<void> App::prepare_audit() {
  auto seed = store_->audit_seed();
  if (!seed) return pass(seed);
  node_ = this_node(*store_, *seed, dir_->path());
  checkpoints_ = std::make_unique<CheckpointKeeper>(store_->backend(), *seed, node_.telemetry);
  clock_trust_ = std::make_unique<ClockTrust>(store_->backend(), *seed, clock_,
                                              base::monotonic_seconds(), node_.telemetry);
  audit::Options audit_options = options_.audit;
  audit_options.clock_trusted = [this] { return clock_trust_->trusted(); };
  audit::Position known = checkpoints_->load();
  if (audit_options.ship == audit::Ship::kToStore) {
    shared_audit_ = std::make_unique<SharedAudit>(*store_, *seed, audit_options,
                                                  SharedAudit::Self{node_.id, node_.host}, clock_);
    known = shared_audit_->known(std::move(known));
  }
  auto log = audit::Log::open(audit_options, *seed, clock_, std::move(known),
                              [this](const audit::Position& p) {
                                checkpoints_->keep(p);
                                if (shared_audit_) shared_audit_->reached(p);
                              });
  if (!log) return pass(log);
  audit_ = std::move(*log);
  if (shared_audit_) audit_attached_ = shared_audit_->attach(*audit_);
  store_->on_settled([this](const store::Settled& settled) { record_settled(settled); });
  upkeep_ = std::make_unique<Upkeep>(options_, *dir_, *store_, *audit_, clock_, *seed, node_);
  return upkeep_->start();
}

Result<void> App::prepare_sources() {
  if (options_.sources.empty()) return {};
  auto made = make_sources(options_, &store_->sealer()->keys(), clock_);
  if (!made) return pass(made);
  sources_ = std::move(*made);
  base::log::info("sources are configured", {{"count", std::ssize(options_.sources)}});
  return {};
}

// The reference's SECRET: a key of the team `default` that lives in this process only.
Result<void> App::prepare_secret_key() {
  if (!options_.secret_key) return {};
  const std::string_view key = options_.secret_key->expose();
  if (auto strong = model::check_signing_key(key, options_.weak_keys); !strong) {
    return pass(strong, "SECRET");
  }
  shared_->extra_keys.emplace_back(crypto::HashAlgorithm::kSha256, key);
  if (model::check_signing_key(key, model::WeakKeys::kRefuse)) return {};
  base::log::warning("SECRET is a weak signing key: whoever guesses it can fetch every secret");
  const audit::Event event{
      .time = clock_.now(), .event = "key.weak", .team = "default", .key_id = "env:SECRET"};
  return audit_->append({&event, 1}, audit::Durability::kSynced);
}

Result<void> App::prepare_provider() {
  std::shared_ptr<const crypto::TlsContext> context;
  if (options_.tls) {
    tls_.emplace(*options_.tls);
    auto loaded = tls_->load();
    if (!loaded) return pass(loaded);
    context = std::move(*loaded);
  }
  http::Options http = options_.http;
  http.limits.files_max = part_of_open_files(kProviderEighths);
  provider_server_ = std::make_unique<http::Server>(http);
  auto listener = provider_server_->listen(
      {.address = options_.listen, .tls = context, .make_handler = [this] {
         return std::make_shared<provider::Provider>(shared_, options_.provider);
       }});
  if (!listener) return pass(listener, "listen");
  provider_listener_ = *listener;
  return {};
}

std::vector<std::string> App::admin_hosts() const {
  auto hosts = options_.admin_hosts;
  hosts.insert(hosts.end(), {"localhost", "127.0.0.1", "::1"});
  std::string own = options_.admin_listen.substr(0, options_.admin_listen.rfind(':'));
  if (own.starts_with('[')) own = own.substr(1, own.size() - 2);
  if (own != "0.0.0.0" && own != "::") hosts.push_back(own);
  return hosts;
}

admin::SharedDatabase App::shared_database() const {
  if (!options_.database) return {};
  return {options_.database->shown(), [dsn = *options_.database, ending = options_.ending] {
            return store::inspect_database(dsn, ending);
          }};
}

Result<void> App::prepare_admin() {
  auto token = read_owner_token(*dir_);
  if (!token) return pass(token);
  admin::AccessOptions access = options_.admin_access.clone();
  access.owner_token = std::move(*token);
  access.allowed_hosts = admin_hosts();
  access.trusted_uids = trusted_uids(options_);
  auto ready = [this] {
    return !shared_->draining && shared_->audit_works && !store_->integrity().has_value();
  };
  if (options_.source_changes) {
    config_ = std::make_unique<ConfigWatch>(options_.config_file, options_.source_changes);
  }
  auto background = upkeep_->background();
  if (shared_audit_) shared_audit_->add_to(background);
  restarts_ = std::make_unique<admin::Restarts>(options_.northflank, *audit_, clock_);
  admin_ = std::make_shared<admin::Service>(
      admin::Options{.store = *store_,
                     .catalog = catalog_,
                     .audit = *audit_,
                     .clock = clock_,
                     .access = std::move(access),
                     .weak_keys = options_.weak_keys,
                     .version = SUTLER_VERSION,
                     .data_dir = dir_->path().string(),
                     .node = node_.telemetry,
                     .registry = shared_->registry,
                     .restarts = restarts_.get(),
                     .sources = sources_.get(),
                     .ready = ready,
                     .provider_url = [this] { return provider_url(); },
                     .background = background,
                     .database = shared_database(),
                     .checks = [this] { return checks(); },
                     .metrics = [this] { return metrics(); },
                     .metrics_for = options_.metrics_for});
  std::shared_ptr<const crypto::TlsContext> context;
  if (options_.admin_tls) {
    admin_tls_.emplace(*options_.admin_tls);
    auto loaded = admin_tls_->load();
    if (!loaded) return pass(loaded);
    context = std::move(*loaded);
  }
  http::Options http = options_.http;
  http.threads = 1;
  http.limits.files_max = part_of_open_files(kAdminEighths);
  admin_server_ = std::make_unique<http::Server>(http);
  const auto handler = [this]() -> std::shared_ptr<http::Handler> { return admin_; };
  auto tcp = admin_server_->listen({.address = options_.admin_listen,
                                    .tls = context,
                                    .body_bytes_max = base::limits::kAdminBodyBytesMax,
                                    .make_handler = handler});
  if (!tcp) return pass(tcp, "admin_listen");
  admin_listener_ = *tcp;
  auto socket = admin_server_->listen({.address = "unix:" + dir_->socket().string(),
                                       .body_bytes_max = base::limits::kAdminBodyBytesMax,
                                       .make_handler = handler});
  if (!socket) return pass(socket, "admin socket");
  if (options_.admin_proxy_socket) {
    auto proxy = listen_to_proxy(*admin_server_, options_, admin_);
    if (!proxy) return pass(proxy, "admin_proxy_socket");
  }
  return {};
}

Result<void> App::apply_files() {
  if (!options_.apply) return {};
  auto groups = read_group_files(*options_.apply);
  if (!groups) return pass(groups);
  std::string body = R"({"groups":[)";
  for (const auto& group : *groups) {
    if (body.back() != '[') body += ',';
    body += model::write_group_json(group, model::Values::kReveal).expose();
  }
  body += "]}";
  // The same way as an operator's apply: same rules, same audit.
  http::Request request;
  request.method = "POST";
  request.path = "/api/v1/apply";
  request.body = body;
  request.remote = "unix";
  request.id = "serve--apply";
  request.peer_uid = options_.sources_run_programs ? 0 : static_cast<std::int64_t>(::geteuid());
  const http::Field type{"Content-Type", "application/json"};
  request.fields = {&type, 1};
  const auto response = admin_->answer(request);
  base::wipe(body);
  if (response.status >= 300) {
    return fail(Code::kInvalid, "--apply " + options_.apply->string() +
                                    " was refused: " + std::string(response.body.expose()));
  }
  base::log::info("groups were applied", {{"path", options_.apply->native()}});
  return {};
}

void App::start() {
  if (follower_) follower_->start();
  if (follower_ && options_.local_copy == LocalCopy::kKept) {
    copy_ = std::make_unique<CopyKeeper>(
        *store_, store::CopyPlace{dir_->local_copy(), options_.database->shown()},
        [this] { return upkeep_->master_key_state(); });
  }
  workloads_->start();
  purger_ =
      std::make_unique<HistoryPurger>(*store_, *audit_, clock_, options_.history, upkeep_->leases(),
                                      [this] { return clock_trust_->trusted(); });
  purger_->start();
  admin_server_->start();
  provider_server_->start();
}

std::string App::provider_url() const {
  return (options_.tls ? "https://" : "http://") +
         provider_server_->bound_address(provider_listener_);
}

std::string App::ready_line() const {
  std::string line = R"({"provider": )";
  base::append_json_string(line, provider_url());
  line += R"(, "admin": )";
  base::append_json_string(line, (options_.admin_tls ? "https://" : "http://") +
                                     admin_server_->bound_address(admin_listener_));
  line += R"(, "socket": )";
  base::append_json_string(line, dir_->socket().string());
  return line + "}";
}

// The follower of a shared store looks more often, and says itself that the database is away.
Result<void> App::look_at_store() {
  if (!follower_) return store_->verify();
  const double oldest = std::chrono::duration<double>(options_.snapshot_age_max).count();
  shared_->too_old = oldest > 0 && follower_->age_seconds() > oldest;
  if (auto broken = store_->integrity()) return base::Unexpected(std::move(*broken));
  return {};
}

void App::watch_store() {
  const auto verified = look_at_store();
  if (verified.has_value() == integrity_was_good_) return;
  integrity_was_good_ = verified.has_value();
  if (verified) {
    base::log::info("the store is sound again");
    return;
  }
  base::count(store_failures_);
  base::log::error(
      "the store is not what it should be; the last good state is served, writes are refused",
      {{"why", verified.error().message}});
  const audit::Event event{.time = clock_.now(),
                           .event = "store.integrity",
                           .outcome = audit::Outcome::kFailed,
                           .reason = base::code_name(verified.error().code)};
  (void)audit_->append({&event, 1}, audit::Durability::kSynced);
}

// Its own record says that it failed, as nobody could know better then.
void App::record_settled(const store::Settled& settled) {
  const bool made = settled.outcome == store::Settled::Outcome::kMade;
  const audit::Event event{.time = clock_.now(),
                           .event = "change.settled",
                           .outcome = made ? audit::Outcome::kOk : audit::Outcome::kFailed,
                           .operator_name = settled.info.who,
                           .request_id = settled.info.request_id,
                           .revision = made ? settled.revision : 0,
                           .reason = made ? "made" : "not_made"};
  base::log::warning("the outcome of a change that was told as failed is known",
                     {{"request_id", settled.info.request_id}, {"outcome", event.reason}});
  const auto written = audit_->append({&event, 1}, audit::Durability::kSynced);
  if (written) return;
  base::log::error("it has no audit record", {{"why", written.error().message}});
}

// A node that is taken out while its audit fails gets no fetches that could show that it works
// again; so we try, with a record that says so.
void App::watch_audit() {
  if (shared_->audit_works || audit_->low_on_space()) return;
  const audit::Event event{.time = clock_.now(), .event = "audit.resumed"};
  if (!audit_->append({&event, 1}, audit::Durability::kWritten)) return;
  shared_->audit_works = true;
  base::log::info("audit can be written again");
}

void App::reload_owner_token() {
  auto token = read_owner_token(*dir_);
  if (token) return admin_->take_owner_token(*token);
  base::log::error("the owner token could not be read: the one before stays",
                   {{"why", token.error().message}});
}

void App::tick(TlsReload::Force force) {
  provider::flush_denials(*shared_, provider::Flush::kDue);
  admin_->tick();
  clock_trust_->look(base::monotonic_seconds());
  watch_store();
  watch_audit();
  if (force == TlsReload::Force::kYes) {
    upkeep_->reload_master_keys();
    reload_owner_token();
    if (config_) config_->tell();
  }
  upkeep_->tick(shared_->key_use);
  if (tls_) {
    if (auto fresh = tls_->poll(force)) provider_server_->set_tls(provider_listener_, fresh);
  }
  if (admin_tls_) {
    if (auto fresh = admin_tls_->poll(force)) admin_server_->set_tls(admin_listener_, fresh);
  }
}

}  // namespace sutler::server
