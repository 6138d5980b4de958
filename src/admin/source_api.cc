#include "admin/source_api.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "admin/action.h"
#include "admin/json_io.h"
#include "admin/later.h"
#include "base/log.h"
#include "base/utf8.h"
#include "source/sources.h"

namespace sutler::admin {
namespace {

using source::SourceStatus;

bool may_see_answers(const Principal& who) {
  return (who.role == Role::kOwner || who.role == Role::kAuditor) && who.scopes.empty();
}

// "out": nothing of it is served; "stale": the store is out, and what it gave before is served.
std::string_view state_of(const SourceStatus& status) {
  if (status.reachable && !status.breaker_open) return "ok";
  return status.documents > 0 ? "stale" : "out";
}

void put_time(JsonObject& json, std::string_view name, const std::optional<base::UnixTime>& time) {
  if (time) json.text(name, base::rfc3339(*time));
}

std::string status_json(const SourceStatus& status, const Principal& who) {
  JsonObject errors;
  for (const auto& [kind, count] : status.errors) errors.number(kind, count);
  JsonObject json;
  json.text("name", status.name)
      .text("kind", status.kind)
      .text("state", state_of(status))
      .raw("reachable", kJsonFlag[status.reachable ? 1 : 0])
      .raw("breaker_open", kJsonFlag[status.breaker_open ? 1 : 0])
      .number("documents", status.documents)
      .number("stale_documents", status.stale_documents)
      .number("calls", status.calls)
      .number("hits", status.hits)
      .raw("errors", errors.done());
  put_time(json, "last_success", status.last_success);
  put_time(json, "last_failure", status.last_failure);
  put_time(json, "next_expiry", status.next_expiry);
  put_time(json, "oldest_read", status.oldest_read);
  if (!status.last_error.empty() && may_see_answers(who)) {
    json.text("last_error", status.last_error);
  }
  return json.done();
}

base::Unexpected no_source(std::string_view name) {
  return base::fail(base::Code::kNotFound, "there is no source " + base::quote_name(name),
                    "sources are named in the server's config file");
}

// What is left of the request when the store has answered.
struct Asked {
  const Context& context;
  std::string_view event;
  std::string name, operator_name, remote, request_id, token_id;
  bool sees_answers = false;
};

struct Outcome {
  http::Response response;
  std::string_view failure;  // of the record; empty: it went well
};

// One record of what was done; without it the answer is an error.
http::Response recorded(const Asked& asked, Outcome outcome) {
  audit::Event event;
  event.time = asked.context.clock.now();
  event.event = asked.event;
  event.outcome = outcome.failure.empty() ? audit::Outcome::kOk : audit::Outcome::kFailed;
  event.source = asked.name;
  event.operator_name = asked.operator_name;
  event.remote = asked.remote;
  event.request_id = asked.request_id;
  event.key_id = asked.token_id;
  event.reason = outcome.failure;
  if (asked.context.audit.append({&event, 1}, audit::Durability::kWritten)) {
    return std::move(outcome.response);
  }
  return error_response({base::Code::kUnavailable, "the audit record could not be written",
                         "look at the disk of the audit log and at the server's own log",
                         "audit_unavailable"});
}

Outcome check(const Asked& asked) {
  const double started = base::monotonic_seconds();
  const auto answer = asked.context.sources->check(asked.name);
  const double seconds = base::monotonic_seconds() - started;
  JsonObject json;
  json.text("name", asked.name)
      .raw("ok", kJsonFlag[answer ? 1 : 0])
      .number("milliseconds", static_cast<std::uint64_t>(seconds * 1000));
  const std::string_view failure = answer ? "" : source::failure_name(answer.error().kind);
  if (!answer) json.text("failure", failure);
  if (asked.sees_answers) json.text("detail", answer ? *answer : answer.error().message);
  return {json_response(200, json.done()), failure};
}

Outcome refresh(const Asked& asked) {
  const auto refreshed = asked.context.sources->refresh(asked.name);
  if (!refreshed) return {error_response(refreshed.error()), "failed"};
  JsonObject json;
  json.text("name", asked.name).number("read", refreshed->read).number("failed", refreshed->failed);
  return {json_response(200, json.done()), refreshed->failed == 0 ? "" : "not_all_read"};
}

// Work on a thread of its own, which is waited for when the answer is not.
class Job {
 public:
  Job(Asked asked, Outcome (*work)(const Asked&)) : asked_(std::move(asked)) {
    thread_ = std::thread([this, work] {
      try {
        response_ = recorded(asked_, work(asked_));
      } catch (const std::exception& error) {
        base::log::error("a source could not be asked", {{"error", error.what()}});
        response_ = http::problem(500, "internal", "the request could not be handled");
      }
      done_ = true;
    });
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;
  ~Job() {
    if (thread_.joinable()) thread_.join();
  }

  std::optional<http::Response> take(Patience patience) {
    if (!done_ && patience == Patience::kWaits) return std::nullopt;
    if (thread_.joinable()) thread_.join();
    return std::move(response_);
  }

 private:
  Asked asked_;
  http::Response response_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

base::Result<http::Response> begin(const Context& context, const Call& call, Action& action,
                                   std::string_view event, Outcome (*work)(const Asked&)) {
  if (context.sources == nullptr || !context.sources->has(call.name)) return no_source(call.name);
  action.drop();  // the record is written when it is done
  const auto job = std::make_shared<Job>(Asked{.context = context,
                                               .event = event,
                                               .name = call.name,
                                               .operator_name = call.operator_name,
                                               .remote = std::string(call.request.remote),
                                               .request_id = std::string(call.request.id),
                                               .token_id = call.who.token_id,
                                               .sees_answers = may_see_answers(call.who)},
                                         work);
  *call.later = [job](Patience patience) { return job->take(patience); };
  return http::Response{};
}

std::vector<SourceStatus> all_of(const Context& context) {
  return context.sources == nullptr ? std::vector<SourceStatus>() : context.sources->status();
}

}  // namespace

base::Result<http::Response> list_sources(const Context& context, const Call& call, Action&) {
  JsonArray items;
  for (const auto& status : all_of(context)) items.raw(status_json(status, call.who));
  JsonObject answer;
  return json_response(200, answer.raw("items", items.done()).done());
}

base::Result<http::Response> show_source(const Context& context, const Call& call, Action&) {
  const auto all = all_of(context);
  const auto at = std::ranges::find(all, call.name, &SourceStatus::name);
  if (at == all.end()) return no_source(call.name);
  return json_response(200, status_json(*at, call.who));
}

base::Result<http::Response> check_source(const Context& context, const Call& call,
                                          Action& action) {
  return begin(context, call, action, "source.check", check);
}

base::Result<http::Response> refresh_source(const Context& context, const Call& call,
                                            Action& action) {
  return begin(context, call, action, "source.refresh", refresh);
}

}  // namespace sutler::admin
