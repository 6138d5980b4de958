// What the running server tells of itself: its checks and its metrics. Asked for by the admin API,
// on that thread; counted where things happen.
#include <algorithm>
#include <iterator>

#include "base/log.h"
#include "crypto/certificate.h"
#include "server/app.h"
#include "server/health.h"

namespace sutler::server {
namespace {

using admin::Check;
using admin::CheckState;
using base::MetricFamily;
using Labels = MetricFamily::Labels;
using Type = MetricFamily::Type;

constexpr std::uint64_t kDiskWarnBytes = 256ull * 1024 * 1024;

class Families {
 public:
  Families& begin(Type type, std::string name, std::string help) {
    all_.push_back({std::move(name), std::move(help), type, {}});
    return *this;
  }
  template <class Number>
  Families& add(Labels labels, Number value) {
    all_.back().samples.push_back({std::move(labels), static_cast<double>(value), {}});
    return *this;
  }
  template <class Number>
  void gauge(std::string name, std::string help, Number value) {
    begin(Type::kGauge, std::move(name), std::move(help)).add({}, value);
  }
  template <class Number>
  void counter(std::string name, std::string help, Number value) {
    begin(Type::kCounter, std::move(name), std::move(help)).add({}, value);
  }
  void histogram(std::string name, std::string help, const base::LatencyHistogram::Totals& totals) {
    begin(Type::kHistogram, std::move(name), std::move(help));
    all_.back().samples.push_back({{}, 0, totals});
  }
  void append(std::vector<MetricFamily> families) {
    std::ranges::move(families, std::back_inserter(all_));
  }
  [[nodiscard]] std::vector<MetricFamily> done() { return std::move(all_); }

 private:
  std::vector<MetricFamily> all_;
};

void add_fetches(Families& out, const provider::Counters::Totals& totals) {
  out.begin(Type::kCounter, "sutler_fetches_total", "Fetches by team and outcome.");
  for (const auto& [team, counts] : totals.teams) {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      out.add({{"team", team}, {"outcome", std::string(provider::kFetchOutcomes[i])}}, counts[i]);
    }
  }
  out.begin(Type::kCounter, "sutler_fetch_refusals_total",
            "Fetches that gave nothing, by the reason that the audit names.");
  for (std::size_t i = 0; i < totals.reasons.size(); ++i) {
    out.add({{"reason", std::string(provider::kFetchReasons[i])}}, totals.reasons[i]);
  }
  out.histogram("sutler_fetch_duration_seconds",
                "From the whole request to the answer that is handed to the wire.", totals.latency);
  out.counter("sutler_provider_other_requests_total",
              "Requests to the provider that are no fetches: /healthz, unknown paths and methods.",
              totals.other_requests);
}

void add_audit(Families& out, const audit::Stats& stats) {
  out.counter("sutler_audit_records_total", "The seq of the last record.", stats.last_seq);
  out.gauge("sutler_audit_bytes", "Size of all files of the audit log.", stats.bytes);
  out.gauge("sutler_audit_unsynced_records", "Records that are not known to be on the disk yet.",
            stats.last_seq - stats.synced_seq);
  out.gauge("sutler_audit_reserve_bytes", "What is left of the reserve.", stats.reserve_bytes);
  out.gauge("sutler_audit_file_up", "1 while the audit file can be written.", stats.works ? 1 : 0);
  out.counter("sutler_audit_file_failures_total", "Times that the audit file failed.",
              stats.failures);
  out.begin(Type::kGauge, "sutler_audit_sink_up", "1 while a sink beside the file takes records.");
  for (const auto& sink : stats.sinks) out.add({{"sink", sink.name}}, sink.works ? 1 : 0);
  out.begin(Type::kCounter, "sutler_audit_sink_failures_total", "Times that a sink failed.");
  for (const auto& sink : stats.sinks) out.add({{"sink", sink.name}}, sink.failures);
  out.begin(Type::kCounter, "sutler_audit_sink_dropped_total",
            "Records that a sink did not take in time.");
  for (const auto& sink : stats.sinks) out.add({{"sink", sink.name}}, sink.dropped);
  out.begin(Type::kGauge, "sutler_audit_sink_waiting_records", "Records that wait for a sink.");
  for (const auto& sink : stats.sinks) out.add({{"sink", sink.name}}, sink.waiting);
  out.counter("sutler_audit_dropped_total",
              "Events that went unrecorded while the disk was full; none of them gave anything.",
              stats.dropped);
}

void add_audit_copy(Families& out, const audit::ShipStats& stats) {
  out.gauge("sutler_audit_copied_seq", "The seq of this node's last record in the store.",
            stats.shipped_seq);
  out.gauge("sutler_audit_copy_behind_records", "Records that are not in the store yet.",
            stats.behind_lines);
  out.gauge("sutler_audit_copy_behind_seconds", "Since the oldest of them was written.",
            stats.behind_seconds);
  out.gauge("sutler_audit_copy_up", "1 while records can be copied to the store.",
            stats.error ? 0 : 1);
  out.counter("sutler_audit_copy_rows_total", "Rows of records written to the store.",
              stats.chunks);
  out.counter("sutler_audit_copy_bytes_total", "Bytes of records in them.", stats.bytes);
  out.counter("sutler_audit_copy_failures_total", "Times that copying failed.", stats.failures);
}

constexpr double kCopyWarnSeconds = 60;

admin::Check check_audit_copy(const audit::ShipStats& stats) {
  if (!stats.error && stats.behind_seconds < kCopyWarnSeconds) {
    return {"audit_copy", admin::CheckState::kOk, ""};
  }
  return {"audit_copy", admin::CheckState::kWarn,
          std::to_string(stats.behind_lines) + " records of this node are not in the store" +
              (stats.error ? ": " + stats.error->message : std::string())};
}

void add_admin(Families& out, const admin::Service::Totals& totals) {
  constexpr const char* kClasses[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
  out.begin(Type::kCounter, "sutler_admin_requests_total", "Answers of the admin API by status.");
  for (std::size_t i = 0; i < totals.by_class.size(); ++i) {
    out.add({{"status", kClasses[i]}}, totals.by_class[i]);
  }
  out.histogram("sutler_admin_duration_seconds",
                "Time to answer a request of the admin API, waiting for news apart.",
                totals.latency);
}

void add_process(Families& out) {
  const ProcessFigures figures = process_figures();
  out.counter("process_cpu_seconds_total", "User and system time.", figures.cpu_seconds);
  out.gauge("process_start_time_seconds", "When the process started, since 1970.",
            figures.start_time_seconds);
  out.gauge("process_resident_memory_bytes", "Memory in use.", figures.resident_bytes);
  out.gauge("process_virtual_memory_bytes", "Address space.", figures.virtual_bytes);
  out.gauge("process_open_fds", "Open file descriptors.", figures.open_fds);
  out.gauge("process_max_fds", "How many there may be.", figures.max_fds);
}

struct Wire {
  const char* listener;
  const http::Server& server;
};

void add_wire(Families& out, std::initializer_list<Wire> wires) {
  const auto each = [&](Type type, const char* name, const char* help, const auto& value) {
    out.begin(type, name, help);
    for (const Wire& wire : wires) out.add({{"listener", wire.listener}}, value(wire.server));
  };
  using Server = http::Server;
  each(Type::kGauge, "sutler_connections_open", "Open connections.",
       [](const Server& server) { return server.open_connections(); });
  each(Type::kCounter, "sutler_connections_accepted_total", "Connections that were accepted.",
       [](const Server& server) { return server.counts().accepted; });
  each(Type::kCounter, "sutler_connections_turned_away_total", "Connections over a limit.",
       [](const Server& server) { return server.counts().turned_away; });
  each(Type::kCounter, "sutler_accept_exhausted_total",
       "Times that no file descriptor or memory was left for a connection.",
       [](const Server& server) { return server.counts().exhausted; });
  each(Type::kCounter, "sutler_http_refused_total", "Requests that were not understood.",
       [](const Server& server) { return server.counts().refused; });
}

void add_certificates(Families& out, const Options& options) {
  out.begin(Type::kGauge, "sutler_certificate_expiry_timestamp_seconds",
            "When the certificate of a listener ends.");
  const auto add = [&](const char* listener, const std::optional<TlsFiles>& files) {
    if (!files) return;
    const auto expiry = crypto::certificate_expiry(files->certificate);
    if (expiry) out.add({{"listener", listener}}, expiry->seconds());
  };
  add("provider", options.tls);
  add("admin", options.admin_tls);
}

void add_checks(Families& out, const std::vector<Check>& checks) {
  out.begin(Type::kGauge, "sutler_check_state",
            "The checks of /readyz: 0 is well, 1 warns, 2 fails.");
  for (const Check& check : checks) {
    out.add({{"check", check.name}}, static_cast<int>(check.state));
  }
}

Check check_database(const Follower& follower, const Options& options) {
  const auto trouble = follower.trouble();
  if (!trouble) return {"database", CheckState::kOk, {}};
  const double age = follower.age_seconds();
  const double oldest = std::chrono::duration<double>(options.snapshot_age_max).count();
  const std::string since = std::to_string(static_cast<std::uint64_t>(age)) + " s";
  if (oldest > 0 && age > oldest) {
    return {"database", CheckState::kFail,
            "it could not be asked for " + since + ", more than snapshot_age_max"};
  }
  return {"database", CheckState::kWarn,
          "it cannot be asked for " + since + "; the last state is served, writes are refused"};
}

void add_follower(Families& out, const Follower& follower) {
  out.gauge("sutler_snapshot_age_seconds",
            "Since the state that is served was last known to be the database's.",
            follower.age_seconds());
  out.gauge("sutler_database_up", "1 while the shared database answers.",
            follower.trouble() ? 0 : 1);
  out.counter("sutler_database_outages_total", "Times that it stopped answering.",
              follower.outages());
  out.counter("sutler_store_taken_over_total", "Times that other nodes' commits were taken over.",
              follower.taken_over());
}

Check check_of(const char* name, const std::optional<std::string>& failure) {
  if (!failure) return {name, CheckState::kOk, {}};
  return {name, CheckState::kFail, *failure};
}

}  // namespace

std::vector<Check> App::checks() const {
  const auto now = clock_.now();
  const auto snapshot = store_->snapshot();
  const auto broken = store_->integrity();
  std::vector<Check> out;
  const bool key_opens = !broken || broken->code != base::Code::kRefused;
  out.push_back(check_of("store", broken ? std::optional("the database is not what it should be; "
                                                         "the last good state is served")
                                         : std::nullopt));
  if (follower_) out.push_back(check_database(*follower_, options_));
  out.push_back(check_of("master_key",
                         key_opens ? std::nullopt : std::optional("it does not open the store")));
  if (shared_->audit_works || options_.provider.audit == provider::AuditDemand::kBestEffort) {
    const bool low = audit_->low_on_space();
    out.push_back({"audit", low ? CheckState::kWarn : CheckState::kOk,
                   low ? "the disk is full: the reserve is in use" : ""});
  } else {
    out.push_back({"audit", CheckState::kFail, "the audit log cannot be written"});
  }
  if (shared_audit_) out.push_back(check_audit_copy(shared_audit_->stats()));
  out.push_back({"snapshot", snapshot->ever_held_group ? CheckState::kOk : CheckState::kWarn,
                 snapshot->ever_held_group ? "" : "the store has never held a group"});
  Check disk = check_disk(dir_->path(), kDiskWarnBytes);
  // A full disk takes no node out: fetches go on as long as the audit does.
  if (disk.state == CheckState::kFail) disk.state = CheckState::kWarn;
  out.push_back(std::move(disk));
  out.push_back(check_certificate(
      options_.tls ? std::optional(options_.tls->certificate) : std::nullopt, now));
  out.push_back(check_clock(now));
  out.push_back(check_backup(upkeep_->backups().last_good(), now));
  if (sources_) add_source_checks(out, sources_->status());
  if (config_) out.push_back(config_->check());
  if (shared_->draining) out.push_back({"draining", CheckState::kFail, "this server is stopping"});
  return out;
}

std::vector<MetricFamily> App::metrics() const {
  Families out;
  const auto snapshot = store_->snapshot();
  out.begin(Type::kGauge, "sutler_build_info", "The version that runs.")
      .add({{"version", SUTLER_VERSION}}, 1);
  auto fetches = shared_->counters.totals();
  // A team that has not asked yet counts as well: a rate sees its first failure only so.
  for (const auto& [id, team] : snapshot->teams) {
    if (fetches.teams.size() < provider::kCountedTeamsMax) fetches.teams.try_emplace(id);
  }
  add_fetches(out, fetches);
  out.counter("sutler_bundle_cache_hits_total", "Bundles from the cache.", cache_->hits());
  out.counter("sutler_bundle_cache_misses_total", "Bundles that were made anew.", cache_->misses());
  out.gauge("sutler_bundle_cache_bytes", "What the cache holds.", cache_->bytes());
  out.gauge("sutler_store_revision", "The revision that is served.", snapshot->revision);
  out.gauge("sutler_store_groups", "Secret groups.", snapshot->groups.size());
  out.gauge("sutler_store_teams", "Teams.", snapshot->teams.size());
  out.gauge("sutler_store_snapshot_timestamp_seconds",
            "When the state that is served was published.",
            static_cast<double>(published_.load()) / 1e6);
  out.gauge("sutler_store_sound", "1 while the database is what it should be.",
            store_->integrity() ? 0 : 1);
  out.counter("sutler_store_failures_total", "Times that the database was found unsound.",
              base::value_of(store_failures_));
  if (follower_) add_follower(out, *follower_);
  const auto& registry = workloads_->registry();
  out.gauge("sutler_registry_workloads", "Workloads in the registry.", registry.size());
  out.counter("sutler_registry_evicted_total", "Workloads forgotten because there were too many.",
              registry.counters().evicted);
  out.counter("sutler_registry_lost_total", "Fetches that the registry could not note.",
              registry.counters().lost);
  add_audit(out, audit_->stats());
  if (shared_audit_) add_audit_copy(out, shared_audit_->stats());
  add_admin(out, admin_->totals());
  add_wire(out, {{"provider", *provider_server_}, {"admin", *admin_server_}});
  add_certificates(out, options_);
  if (const auto disk = disk_figures(dir_->path())) {
    out.gauge("sutler_disk_free_bytes", "Free space for the data directory.", disk->free_bytes);
    out.gauge("sutler_disk_size_bytes", "Size of its disk.", disk->total_bytes);
  }
  if (const auto last = upkeep_->backups().last_good()) {
    out.gauge("sutler_backup_last_success_timestamp_seconds", "When the last good backup was made.",
              last->seconds());
  }
  if (sources_) out.append(sources_->metrics());
  add_checks(out, checks());
  add_process(out);
  return out.done();
}

}  // namespace sutler::server
