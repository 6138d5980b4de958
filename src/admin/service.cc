#include "admin/service.h"

#include <exception>

#include "admin/action.h"
#include "admin/json_io.h"
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
  about.ready = options.ready ? options.ready : [] { return true; };
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

http::Response method_not_allowed(const std::string& allow) {
  http::Response response =
      http::problem(405, "method_not_allowed", "this path does not take that method");
  response.extra_fields += "Allow: " + allow + "\r\n";
  return response;
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

}  // namespace

Service::Service(Options options)
    : access_(options.access),
      denials_(options.audit, options.clock),
      about_(describe(options)),
      context_{options.store,     options.catalog, options.audit, options.clock,
               options.weak_keys, about_,          writes_,       options.registry} {}

void Service::handle(http::Reply reply) {
  http::Response response = answer(reply.request());
  reply.send(std::move(response));
}

void Service::refused(std::string_view remote, int status, std::string_view /*why*/) {
  denials_.refused(
      {.reason = refusal_reason(status), .who = {}, .remote = remote, .request_id = {}});
}

std::optional<http::Response> Service::refuse_before_body(const http::Request& request) {
  if (access_.host_is_allowed(request) && access_.judge(request)) return std::nullopt;
  return answer(request);
}

http::Response Service::answer(const http::Request& request) {
  // Libraries below throw only when memory is short; that ends the request, not the server.
  try {
    return judge(request);
  } catch (const std::exception& error) {
    base::log::error("a request of the admin API failed",
                     {{"request_id", request.id}, {"error", error.what()}});
    return http::problem(500, "internal", "the request could not be handled");
  }
}

http::Response Service::judge(const http::Request& request) {
  Found found = find_route(request.method, request.path);
  const bool open = found.path_is_known && found.open;
  if (!open && !access_.host_is_allowed(request)) {
    return http::problem(421, "misdirected", "this server does not answer for that Host",
                         "sutler serve --admin-host NAME allows another name");
  }
  if (!found.path_is_known) return http::problem(404, "not_found", "there is nothing at this path");
  Principal who;
  if (!open) {
    auto judged = access_.judge(request);
    if (!judged) {
      denials_.denied({.reason = judged.error().reason,
                       .who = judged.error().who,
                       .remote = request.remote,
                       .request_id = request.id});
      return denied_response(judged.error());
    }
    who = std::move(*judged);
  }
  if (found.route == nullptr) return method_not_allowed(found.allow);
  Call call{request, who, who.name, std::move(found.team), std::move(found.name)};
  return perform(*found.route, call);
}

http::Response Service::perform(const Route& route, Call& call) {
  Action action(context_, call);
  if (!route.event.empty()) action.begin(route.event);
  const bool reads = call.request.method == "GET" || call.request.method == "HEAD";
  if (auto right = require_right(call.who, route.right); !right) {
    action.record_failure(right.error());
    return error_response(right.error());
  }
  if (!route.event.empty() && !reads && context_.audit.low_on_space()) {
    // What is done must be recorded, and there is no room for the record.
    const base::Error full{
        base::Code::kNoSpace,
        "the disk of the audit log is full: nothing is changed until there is room",
        "free space on it; it goes on by itself"};
    action.record_failure(full);
    return error_response(full);
  }
  auto response = run(context_, route, call, action);
  if (!response) {
    action.record_failure(response.error());
    return error_response(response.error());
  }
  if (action.pending()) {
    // A mistake of ours. What was done without a trace is not handed out.
    base::log::error("an action left no audit record", {{"request_id", call.request.id}});
    return http::problem(500, "internal", "the request left no audit record");
  }
  return std::move(*response);
}

}  // namespace sutler::admin
