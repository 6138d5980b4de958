#include "admin/service.h"

#include <algorithm>
#include <charconv>
#include <exception>

#include "admin/action.h"
#include "admin/json_io.h"
#include "admin/metrics_api.h"
#include "admin/negotiate.h"
#include "admin/routes.h"
#include "base/log.h"

namespace sutler::admin {
namespace {

Description describe(const Options& options) {
  Description about;
  about.version = options.version;
  about.data_dir = options.data_dir;
  about.master_key_ids = options.master_key_ids;
  about.started_monotonic_seconds = base::monotonic_seconds();
  about.checks = options.checks;
  about.metrics = options.metrics;
  about.provider_url = options.provider_url;
  about.ready = options.ready ? options.ready : [] { return true; };
  about.background = options.background;
  about.database = options.database;
  return about;
}

// The reason in the audit for what the gate refused: by status, since only that is a closed list.
std::string_view refusal_reason(int status) {
  switch (status) {
    case 400: return "bad_request";
    case 408: return "request_timeout";
    case 411: return "length_required";
    case 413: return "body_too_large";
    case 414: return "target_too_long";
    case 417: return "expectation_failed";
    case 429: return "too_many_requests";
    case 431: return "header_too_large";
    case 501: return "not_implemented";
    case 503: return "overloaded";
    case 505: return "version_not_supported";
    default: return "refused";
  }
}

// What an answer that is no page lets a browser do with it: nothing. A page brings its own policy.
constexpr std::string_view kForNoPage =
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
    "form-action 'none'\r\n"
    "X-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n";

constexpr std::uint64_t kOpenBodyBytesMax = 4096;
constexpr std::size_t kLookupThreads = 3;

bool is_health(std::string_view path) { return path == "/livez" || path == "/readyz"; }

// The length that the gate has checked to be one number.
std::uint64_t body_bytes(const http::Request& request) {
  const std::string_view text = request.field("content-length");
  std::uint64_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  return error == std::errc() ? bytes : 0;
}

void add_page_policy(http::Response& response) {
  if (response.extra_fields.contains("Content-Security-Policy:")) return;
  response.extra_fields += kForNoPage;
}

// One endpoint behind the checks of query and body that its route asks for.
base::Result<http::Response> run(const Context& context, const Route& route, Call& call,
                                 Action& action) {
  auto query = Query::parse(call.request.query, route.query);
  if (!query) return base::pass(query);
  call.query = std::move(*query);
  if (route.body == Body::kNone && !call.request.body.empty()) {
    return base::fail(base::Code::kInvalid, "this request takes no body");
  }
  return route.endpoint(context, call, action);
}

// Whoever names no version has no quarrel with another node's change to the same thing: it is done
// again on top of that. One who did is told by the endpoint, which judges that first.
base::Result<http::Response> run_until_settled(const Context& context, const Route& route,
                                               Call& call, Action& action) {
  constexpr int kAttempts = 20;
  for (int attempt = 1;; ++attempt) {
    auto response = run(context, route, call, action);
    if (response || response.error().name != store::kVersionMoved) return response;
    if (attempt < kAttempts) {
      action.begin_again();
      continue;
    }
    response.error().name.clear();
    return response;
  }
}

}  // namespace

Service::Service(Options options)
    : metrics_for_(options.metrics_for),
      access_(options.access),
      denials_(options.audit, options.clock),
      throttle_(options.access.failures_per_minute_max),
      node_(options.node),
      uses_(options.store.backend()),
      clock_(options.clock),
      store_(options.store),
      about_(describe(options)),
      context_{options.store,     options.catalog,
               options.audit,     options.clock,
               options.weak_keys, about_,
               writes_,           options.registry,
               options.restarts,  options.sources,
               access_,           denials_,
               throttle_,         uses_},
      changes_({.threads = 1}, [this](Lane::Request request) { answer(std::move(request)); }),
      lookups_({.threads = kLookupThreads},
               [this](Lane::Request request) { answer(std::move(request)); }) {
  if (node_.empty()) return;
  auto seed = options.store.audit_seed();
  if (!seed) {
    base::log::warning("sessions of browsers are good on this node only",
                       {{"why", seed.error().message}});
    return;
  }
  notes_.emplace(options.store.backend(), *seed);
  access_.share_sessions(std::make_unique<SessionRows>(options.store.backend(), *seed));
}

// A request that waits for sources. What it is about stays there as long as its reply.
struct Service::SourceWait {
  const http::Request& request;
  Principal who;
  std::string team, name, item;
  std::set<source::Wanted> asked;
  source::FetchTime time;
  std::atomic<bool> is_read;
  Later next;
};

Service::~Service() { uses_.flush(clock_.now(), TokenUses::When::kNow); }

void Service::tick() {
  denials_.flush();
  uses_.flush(clock_.now(), TokenUses::When::kDue);
  access_.tick();
  if (notes_) throttle_.exchange(*notes_, node_, clock_.now());
}

void Service::take_owner_token(const base::Secret& token) {
  if (!access_.replace_owner_token(token)) return;
  base::log::info("the owner token was replaced: the one before opens nothing any more");
  const audit::Event event{.time = clock_.now(), .event = "owner_token.replace"};
  const auto written = context_.audit.append({&event, 1}, audit::Durability::kSynced);
  if (written) return;
  base::log::error("the new owner token has no audit record", {{"error", written.error().message}});
}

void Service::serve(http::Reply reply, Door door) {
  Lane::Request request{std::move(reply), door, base::monotonic_seconds()};
  const http::Request& asked = request.reply.request();
  if (is_health(asked.path)) {
    http::Response response = answer(asked, door);
    count(response.status, request.since);
    return request.reply.send(std::move(response));
  }
  const Found found = find_route(asked.method, asked.path);
  const bool changes = found.route != nullptr && takes_a_turn(*found.route);
  (changes ? changes_ : lookups_).take(std::move(request));
}

void Service::end_work() {
  lookups_.stop();
  changes_.stop();
}

void Service::answer(Lane::Request request) {
  Later later;
  http::Response response = answer(request.reply.request(), request.door, later);
  if (later) {
    const auto with_policy = [later = std::move(later)](Patience patience) {
      auto answer = later(patience);
      if (answer) add_page_policy(*answer);
      return answer;
    };
    return later_.take(std::move(request.reply), with_policy);
  }
  count(response.status, request.since);
  request.reply.send_from_anywhere(std::move(response));
}

void Service::count(int status, double started) {
  base::count(answers_[static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1)]);
  latency_.record(static_cast<std::uint64_t>((base::monotonic_seconds() - started) * 1e6));
}

Service::Totals Service::totals() const {
  Totals totals;
  for (std::size_t i = 0; i < answers_.size(); ++i) {
    totals.by_class[i] = base::value_of(answers_[i]);
  }
  latency_.add_to(totals.latency);
  return totals;
}

void Service::refused(std::string_view remote, int status, std::string_view /*why*/) {
  denials_.refused(
      {.reason = refusal_reason(status), .who = {}, .remote = remote, .request_id = {}});
}

std::optional<http::Response> Service::refuse_before_body(const http::Request& request, Door door) {
  const Found found = find_route(request.method, request.path);
  if (found.open) {
    // Whoever has not signed in yet sends a token and no more.
    if (body_bytes(request) <= kOpenBodyBytesMax) return std::nullopt;
    return http::problem(413, "too_large", "the body is larger than any token");
  }
  const bool known =
      access_.may_be_let_in(request, door, *store_.snapshot()->operators, clock_.now());
  if (access_.host_is_allowed(request) && known) return std::nullopt;
  return answer(request, door);
}

http::Response Service::answer(const http::Request& request, Door door) {
  Later later;
  http::Response response = answer(request, door, later);
  if (!later) return response;
  auto done = later(Patience::kNone);
  return done ? std::move(*done) : http::problem(500, "internal", "nothing was answered");
}

http::Response Service::answer(const http::Request& request, Door door, Later& later) {
  http::Response response;
  // Libraries below throw only when memory is short; that ends the request, not the server.
  try {
    response = judge(request, door, later);
  } catch (const std::exception& error) {
    base::log::error("a request of the admin API failed",
                     {{"request_id", request.id}, {"error", error.what()}});
    response = http::problem(500, "internal", "the request could not be handled");
  }
  add_page_policy(response);
  add_request_id(response, request.id);
  return response;
}

std::expected<Principal, http::Response> Service::let_in(const http::Request& request, Door door) {
  const base::UnixTime now = clock_.now();
  auto judged = access_.judge(request, door, *store_.snapshot()->operators, now);
  if (judged) {
    uses_.note(judged->token_id, now);
    auto browser = access_.check_browser(request, *judged);
    if (browser) return std::move(*judged);
    denials_.denied({.reason = browser.error().name,
                     .who = judged->name,
                     .remote = request.remote,
                     .request_id = request.id});
    return std::unexpected(error_response(browser.error()));
  }
  const Denied& denied = judged.error();
  denials_.denied({.reason = denied.reason,
                   .who = denied.who,
                   .remote = request.remote,
                   .request_id = request.id});
  // Who shows nothing guesses nothing.
  const bool guessed = denied.status == 401 && request.peer_uid < 0 && denied.reason != "no_token";
  return std::unexpected(
      denied_response(denied, guessed ? throttle_.failed(request.remote, now) : 0));
}

// Whether no credentials are asked for.
bool Service::is_open(const Found& found, const http::Request& request, Door door) const {
  if (!found.path_is_known) return false;
  if (found.open) return true;
  if (request.path != "/metrics" || request.has_authorization || door == Door::kProxy) return false;
  if (metrics_for_ == Options::MetricsFor::kEverybody) return true;
  return is_local(request) && access_.host_is_allowed(request);
}

http::Response Service::judge(const http::Request& request, Door door, Later& later) {
  Found found = find_route(request.method, request.path);
  const bool open = is_open(found, request, door);
  const bool probe = open && !request.path.starts_with("/api/");
  if (!probe && !access_.host_is_allowed(request)) {
    return http::problem(421, "misdirected", "this server does not answer for that Host",
                         "sutler serve --admin-host NAME allows another name");
  }
  if (!found.path_is_known) return http::problem(404, "not_found", "there is nothing at this path");
  Principal who;
  // The proxy says who it is: there is nothing else to sign in with on its socket.
  if (!open || (door == Door::kProxy && !probe)) {
    auto let = let_in(request, door);
    if (!let) return std::move(let.error());
    who = std::move(*let);
  }
  if (request.method == "OPTIONS") return options_response(found.allow);
  if (found.route == nullptr) return method_not_allowed(found.allow);
  if (door == Door::kProxy && open && !probe) {
    return http::problem(403, "refused", "here the proxy says who you are");
  }
  Call call{
      request, who, who.name, std::move(found.team), std::move(found.name), std::move(found.item)};
  call.later = &later;
  return perform_waiting(*found.route, call, {}, {});
}

// Performs it; where the sources have to read something first, later and again. Each document is
// waited for once, and all of them for one deadline.
http::Response Service::perform_waiting(const Route& route, Call& call,
                                        std::set<source::Wanted> asked, source::FetchTime time) {
  std::vector<source::Wanted> wanted;
  call.patience = source::Patience::kMayWait;
  call.wanted = &wanted;
  auto response = perform(route, call);
  if (wanted.empty()) return response;
  std::erase_if(wanted, [&](const auto& one) { return asked.contains(one); });
  call.wanted = nullptr;
  call.patience = source::Patience::kNow;
  if (wanted.empty() || call.later == nullptr) return perform(route, call);
  asked.insert(wanted.begin(), wanted.end());
  auto waits = std::make_shared<SourceWait>(call.request, call.who, call.team, call.name, call.item,
                                            std::move(asked), time);
  context_.sources->obtain(std::move(wanted), waits->time, [waits] { waits->is_read = true; });
  *call.later = [this, &route, waits](Patience patience) { return go_on(route, *waits, patience); };
  return response;
}

std::optional<http::Response> Service::go_on(const Route& route, SourceWait& waits,
                                             Patience patience) {
  if (waits.next) return waits.next(patience);
  if (!waits.is_read && patience == Patience::kWaits) return std::nullopt;
  Call call{waits.request, waits.who, waits.who.name, waits.team, waits.name, waits.item};
  if (patience == Patience::kNone) return perform(route, call);
  call.later = &waits.next;
  auto response = perform_waiting(route, call, waits.asked, waits.time);
  if (waits.next) return waits.next(patience);
  return response;
}

// A read leaves no record of its own; that it was refused does.
http::Response Service::refuse(const Call& call, Action& action, const base::Error& error) {
  if (action.unrecorded() && error.code == base::Code::kRefused) {
    denials_.denied({.reason = error.name.empty() ? base::code_name(error.code) : error.name,
                     .who = call.who.name,
                     .remote = call.request.remote,
                     .request_id = call.request.id});
  }
  action.record_failure(error);
  return error_response(error);
}

http::Response Service::perform(const Route& route, Call& call) {
  Action action(context_, call);
  if (!route.event.empty()) action.begin(route.event);
  const bool reads = call.request.method == "GET" || call.request.method == "HEAD";
  const bool asked = call.who.by != Principal::By::kNothing;
  const bool open = !asked && route.endpoint == show_metrics;
  if (auto right = require_right(call.who, route.right); !right && !open) {
    return refuse(call, action, right.error());
  }
  if (!route.event.empty() && !reads && context_.audit.low_on_space()) {
    // What is done must be recorded, and there is no room for the record.
    const base::Error full{
        base::Code::kNoSpace,
        "the disk of the audit log is full: nothing is changed until there is room",
        "free space on it; it goes on by itself"};
    return refuse(call, action, full);
  }
  if (const auto refusal = refuse_media(call.request, route)) {
    action.record_failure(refusal->error);
    return media_response(*refusal);
  }
  auto response = run_until_settled(context_, route, call, action);
  if (call.wanted != nullptr && !call.wanted->empty()) {
    action.drop();
    return {};
  }
  if (!response) {
    return refuse(call, action, response.error());
  }
  if (action.pending()) {
    // A mistake of ours. What was done without a trace is not handed out.
    base::log::error("an action left no audit record", {{"request_id", call.request.id}});
    return http::problem(500, "internal", "the request left no audit record");
  }
  return std::move(*response);
}

}  // namespace sutler::admin
