#include "provider/provider.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/log.h"
#include "provider/bearer.h"

namespace sutler::provider {
namespace {

constexpr std::int64_t kRetrySeconds = 5, kRetrySecondsMin = 1, kRetrySecondsMax = 60;

http::Response unauthorized() {
  auto response = http::problem(401, "unauthorized", "the token was not accepted");
  response.extra_fields = "WWW-Authenticate: Bearer\r\n";
  return response;
}

http::Response unavailable(std::string_view code, std::string_view detail,
                           std::int64_t retry_seconds = kRetrySeconds) {
  auto response = http::problem(503, code, detail);
  response.extra_fields = "Retry-After: " + std::to_string(retry_seconds) + "\r\n";
  return response;
}

const base::Error kTooOld{base::Code::kUnavailable, {}, {}, "snapshot_too_old"};

http::Response not_allowed() {
  auto response = http::problem(405, "method_not_allowed", "only GET and HEAD are answered here");
  response.extra_fields = "Allow: GET, HEAD\r\n";
  return response;
}

bool is_read(std::string_view method) { return method == "GET" || method == "HEAD"; }

// Until the store that it failed for is asked again; else a few seconds.
std::int64_t retry_seconds(const source::Sources* sources, const resolve::Sourcing& sourcing) {
  if (sources == nullptr || sourcing.source.empty()) return kRetrySeconds;
  const auto at = sources->next_try(sourcing.source, sourcing.ref);
  if (!at) return kRetrySecondsMin;
  const std::int64_t left = (at->microseconds - sourcing.now.microseconds + 999'999) / 1'000'000;
  return std::clamp(left, kRetrySecondsMin, kRetrySecondsMax);
}

// What a verified workload is told when its bundle cannot be had: the code, no more.
std::string_view detail_of(std::string_view code) {
  if (code == "store_empty") return "the store has never held a group";
  if (code == "snapshot_too_old") return "the database could not be asked for too long";
  if (code == "no_match") return "no group matches this workload, and its team requires one";
  return "this workload cannot be served now; the audit log says why";
}

}  // namespace

// A team with the keys that may verify now.
struct Provider::Endpoint {
  std::shared_ptr<const store::TeamRecord> team;
  std::vector<jwt::Key> keys;
  std::vector<std::shared_ptr<KeyUse::Slot>> used;  // one per key of the team
  jwt::Policy policy;
  Counters::Team* counts = nullptr;

  [[nodiscard]] std::string_view key_id(std::size_t key) const {
    return key < team->team.keys.size() ? std::string_view(team->team.keys[key].id) : "env:SECRET";
  }
  [[nodiscard]] bool allows(std::string_view address) const {
    const auto& ranges = team->team.options.allow_from;
    if (ranges.empty()) return true;
    for (const auto& range : ranges) {
      if (range.contains(address)) return true;
    }
    return false;
  }
};

// A fetch that has its bundle and waits for its record to be written.
struct Provider::Grant {
  http::Reply reply;
  resolve::BundleCache::Entry entry;
  model::Workload workload;
  std::string key_id;
  std::uint64_t revision = 0;
  base::UnixTime time;
  std::optional<double> issued_at, expires_at;  // of the token
  double started = 0;
  Counters::Team* counts = nullptr;
};

namespace {

void record_latency(Counters& counters, double started, double now) {
  counters.fetch_latency.record(static_cast<std::uint64_t>((now - started) * 1e6));
}

}  // namespace

Provider::Provider(std::shared_ptr<Shared> shared, const Options& options)
    : shared_(std::move(shared)), options_(options), counters_(shared_->counters.add()) {
  if (shared_->registry != nullptr) recorder_ = shared_->registry->recorder();
}

Provider::~Provider() = default;

void Provider::refresh_view() {
  const std::uint64_t generation = shared_->catalog.generation();
  if (view_ && generation == view_generation_) return;
  view_ = shared_->catalog.view();
  view_generation_ = generation;
  auto before = std::exchange(endpoints_, {});
  for (const auto& [id, team] : view_->snapshot->teams) {
    Endpoint endpoint;
    endpoint.team = team;
    endpoint.counts = &counters_->of_team(id);
    if (const auto old = before.find(team->team.path);
        old != before.end() && old->second.team == team) {
      endpoint.used = std::move(old->second.used);
    } else {
      for (const auto& key : team->team.keys) {
        endpoint.used.push_back(shared_->key_use.add_slot(id, key.id));
      }
    }
    endpoint.policy.leeway_seconds = team->team.options.leeway_seconds;
    if (team->team.options.require_exp) endpoint.policy.exp = jwt::ExpiryDemand::kAlways;
    for (std::size_t i = 0; i < team->hmac_keys.size(); ++i) {
      endpoint.keys.push_back({&team->hmac_keys[i], team->team.keys[i].retire_at});
    }
    if (id == "default") {
      for (const auto& key : shared_->extra_keys) endpoint.keys.push_back({&key});
    }
    endpoints_.emplace(team->team.path, std::move(endpoint));
  }
}

void Provider::handle(http::Reply reply) {
  const http::Request& request = reply.request();
  if (request.path == "/healthz") {
    base::count(counters_->other_requests);
    return is_read(request.method) ? health(std::move(reply)) : reply.send(not_allowed());
  }
  judge(std::move(reply), nullptr);
}

void Provider::judge(http::Reply reply, std::unique_ptr<Progress> progress) {
  const http::Request& request = reply.request();
  refresh_view();
  const auto endpoint = endpoints_.find(request.path);
  if (endpoint == endpoints_.end() || !is_read(request.method)) {
    base::count(counters_->other_requests);
  }
  if (endpoint == endpoints_.end()) {
    return reply.send(http::problem(404, "not_found", "nothing is served at this path"));
  }
  if (!is_read(request.method)) return reply.send(not_allowed());
  fetch(std::move(reply), endpoint->second, std::move(progress));
}

void Provider::fetch(http::Reply reply, const Endpoint& endpoint,
                     std::unique_ptr<Progress> progress) {
  started_ = progress ? progress->started : base::monotonic_seconds();
  const http::Request& request = reply.request();
  const auto token = bearer_token(request.authorization);
  if (!token) return deny(std::move(reply), endpoint, "no_token");
  if (!endpoint.allows(request.remote)) {
    return deny(std::move(reply), endpoint, "address_not_allowed");
  }
  const base::UnixTime now = shared_->clock.now();
  const auto claims = jwt::verify(*token, endpoint.keys, endpoint.policy, now);
  if (!claims) return deny(std::move(reply), endpoint, jwt::reason(claims.error()));
  if (claims->key() < endpoint.used.size()) endpoint.used[claims->key()]->note(now);
  resolve_for(std::move(reply), endpoint, *claims, std::move(progress));
}

void Provider::resolve_for(http::Reply reply, const Endpoint& endpoint, const jwt::Claims& claims,
                           std::unique_ptr<Progress> progress) {
  model::Workload workload{endpoint.team->team.id, claims.project_id(), claims.object_id(),
                           claims.object_type()};
  source::Asking asking(shared_->sources, source::Patience::kMayWait);
  resolve::Sourcing sourcing{&asking, shared_->clock.now()};
  if (shared_->too_old) {
    return fail(std::move(reply), endpoint, claims, workload, kTooOld, sourcing);
  }
  auto entry = shared_->cache.get(*view_, workload, &sourcing);
  if (!entry && entry.error().name == "source_pending") {
    auto wanted = asking.take_pending();
    if (may_wait(wanted, progress.get())) {
      return wait(std::move(reply), std::move(wanted), std::move(progress));
    }
    source::Asking at_once(shared_->sources, source::Patience::kNow);
    sourcing = {&at_once, sourcing.now};
    entry = shared_->cache.get(*view_, workload, &sourcing);
  }
  if (!entry) {
    return fail(std::move(reply), endpoint, claims, workload, entry.error(), sourcing);
  }
  grants_.push_back(Grant{std::move(reply), std::move(*entry), std::move(workload),
                          std::string(endpoint.key_id(claims.key())), view_->snapshot->revision,
                          shared_->clock.now(), claims.issued_at(), claims.expires_at(), started_,
                          endpoint.counts});
}

void Provider::turn_end() {
  if (grants_.empty()) return;
  std::vector<Grant> grants;
  grants.swap(grants_);
  std::vector<audit::Event> events;
  events.reserve(grants.size());
  for (const Grant& grant : grants) {
    const http::Request& request = grant.reply.request();
    events.push_back({.time = grant.time,
                      .event = "fetch",
                      .team = grant.workload.team,
                      .project_id = grant.workload.project_id,
                      .object_id = grant.workload.object_id,
                      .object_type = grant.workload.object_type,
                      .remote = request.remote,
                      .request_id = request.id,
                      .revision = grant.revision,
                      .groups_json = grant.entry.groups_json(),
                      .keys_json = grant.entry.keys_json(),
                      .key_id = grant.key_id,
                      .grant = true});
  }
  const std::vector<char> recorded = record_grants(events);
  for (std::size_t i = 0; i < grants.size(); ++i) {
    Grant& grant = grants[i];
    if (recorded[i] == 0 && options_.audit == AuditDemand::kRequired) {
      grant.counts->add(FetchOutcome::kFailed);
      counters_->add_reason("audit_unavailable");
      grant.reply.send(unavailable("audit_unavailable", "the audit log cannot be written"));
      continue;
    }
    grant.counts->add(FetchOutcome::kOk);
    if (recorder_) {
      recorder_->note(grant.entry.served(), {grant.time, grant.reply.request().remote, grant.key_id,
                                             grant.issued_at, grant.expires_at});
    }
    grant.reply.send_secret_json(grant.entry.body_bytes(),
                                 [&grant](char* out) { return grant.entry.open_into(out); });
  }
  const double now = base::monotonic_seconds();
  for (const Grant& grant : grants) record_latency(*counters_, grant.started, now);
}

// For each grant, whether its record is written. One whose names no line can hold fails alone: it
// says nothing about the log, nor about those that arrived with it.
std::vector<char> Provider::record_grants(std::span<const audit::Event> events) {
  auto written = shared_->audit.append(events, audit::Durability::kWritten);
  std::vector<char> recorded(events.size(), written ? 1 : 0);
  if (!written && written.error().code == base::Code::kTooLarge) {
    bool says_something = false;
    for (std::size_t i = 0; i < events.size(); ++i) {
      auto one = shared_->audit.append(events.subspan(i, 1), audit::Durability::kWritten);
      recorded[i] = one ? 1 : 0;
      if (!one && one.error().code == base::Code::kTooLarge) {
        base::log::warning("a fetch failed: its names are more than one audit record can hold",
                           {{"team", events[i].team}, {"request_id", events[i].request_id}});
        continue;
      }
      written = std::move(one);
      says_something = true;
    }
    if (!says_something) return recorded;
  }
  const bool worked = shared_->audit_works.exchange(written.has_value());
  if (!written && worked) {
    base::log::error("audit cannot be written", {{"why", written.error().message}});
  }
  if (written && !worked) base::log::info("audit can be written again");
  return recorded;
}

// Denials and failures give nothing away: while the disk is full the log counts them instead, and
// that is no reason to take this node out.
void Provider::record_refusal(const audit::Event& event) {
  auto written = shared_->audit.append({&event, 1}, audit::Durability::kWritten);
  if (written || written.error().name == audit::kKeptForGrants) return;
  if (shared_->audit_works.exchange(false)) {
    base::log::error("audit cannot be written", {{"why", written.error().message}});
  }
}

void Provider::done(const Endpoint& endpoint, FetchOutcome outcome, std::string_view reason) {
  endpoint.counts->add(outcome);
  counters_->add_reason(reason);
  record_latency(*counters_, started_, base::monotonic_seconds());
}

void Provider::deny(http::Reply reply, const Endpoint& endpoint, std::string_view reason) {
  const http::Request& request = reply.request();
  const auto now = shared_->clock.now();
  const bool throttled = reason != "no_token" && shared_->throttle.over_limit(request.remote, now);
  if (throttled) {
    done(endpoint, FetchOutcome::kThrottled, "throttled");
  } else {
    done(endpoint, FetchOutcome::kDenied, reason);
  }
  bool admitted = false;
  {
    const std::scoped_lock lock(shared_->denials_mutex);
    admitted = shared_->denials.admit(request.remote, now);
  }
  if (admitted) {
    const audit::Event event{.time = now,
                             .event = "fetch",
                             .outcome = audit::Outcome::kDenied,
                             .team = endpoint.team->team.id,
                             .remote = request.remote,
                             .request_id = request.id,
                             .revision = view_->snapshot->revision,
                             .reason = throttled ? "throttled" : reason};
    record_refusal(event);
  }
  if (throttled) {
    auto response = http::problem(429, "too_many_requests", "too many tokens were not accepted");
    response.extra_fields = "Retry-After: 60\r\n";
    return reply.send(std::move(response));
  }
  reply.send(unauthorized());
}

void Provider::fail(http::Reply reply, const Endpoint& endpoint, const jwt::Claims& claims,
                    const model::Workload& workload, const base::Error& error,
                    const resolve::Sourcing& sourcing) {
  const http::Request& request = reply.request();
  const std::string_view code = error.name.empty() ? "internal" : std::string_view(error.name);
  base::log::warning("a fetch failed", {{"request_id", request.id},
                                        {"team", endpoint.team->team.id},
                                        {"project", workload.project_id},
                                        {"object", workload.object_id},
                                        {"code", code},
                                        {"why", error.message}});
  const audit::Event event{.time = shared_->clock.now(),
                           .event = "fetch",
                           .outcome = audit::Outcome::kFailed,
                           .team = endpoint.team->team.id,
                           .project_id = workload.project_id,
                           .object_id = workload.object_id,
                           .object_type = workload.object_type,
                           .remote = request.remote,
                           .request_id = request.id,
                           .revision = view_->snapshot->revision,
                           .source = sourcing.source,
                           .ref = sourcing.ref,
                           .reason = code};
  record_refusal(event);
  if (recorder_) {
    recorder_->note_failure(workload, code,
                            {event.time, request.remote, endpoint.key_id(claims.key()),
                             claims.issued_at(), claims.expires_at()});
  }
  done(endpoint, FetchOutcome::kFailed, code);
  reply.send(unavailable(code, detail_of(code), retry_seconds(shared_->sources, sourcing)));
}

void Provider::health(http::Reply reply) {
  refresh_view();
  const bool audited = shared_->audit_works.load() || options_.audit == AuditDemand::kBestEffort;
  if (shared_->draining) return reply.send(unavailable("draining", "this server is stopping"));
  const auto* why = !view_->snapshot->ever_held_group ? "store_empty"
                    : shared_->too_old                ? "snapshot_too_old"
                                                      : nullptr;
  if (why != nullptr) return reply.send(unavailable(why, detail_of(why)));
  if (!audited) {
    return reply.send(unavailable("audit_unavailable", "the audit log cannot be written"));
  }
  http::Response ok;
  ok.body = base::Secret(R"({"status":"ok"})");
  reply.send(std::move(ok));
}

void Provider::refused(std::string_view remote, int, std::string_view why) {
  const auto now = shared_->clock.now();
  {
    const std::scoped_lock lock(shared_->denials_mutex);
    if (!shared_->denials.admit(remote, now)) return;
  }
  const audit::Event event{.time = now,
                           .event = "http.refused",
                           .outcome = audit::Outcome::kDenied,
                           .remote = remote,
                           .reason = why};
  record_refusal(event);
}

}  // namespace sutler::provider
