#include "admin/session_api.h"

#include "admin/access.h"
#include "admin/action.h"
#include "admin/denials.h"
#include "admin/json_io.h"
#include "admin/login_throttle.h"
#include "admin/token_uses.h"
#include "model/operator_json.h"

namespace sutler::admin {
namespace {

std::string_view to_word(Principal::By by) {
  constexpr std::string_view kWords[] = {"nothing", "socket",  "owner-token",
                                         "token",   "session", "proxy"};
  return kWords[static_cast<std::size_t>(by)];
}

std::string principal_json(const Principal& who, const std::string& csrf) {
  JsonObject json;
  json.text("name", who.name)
      .text("role", model::to_word(who.role))
      .raw("reveal", kJsonFlag[who.reveal == Reveal::kYes ? 1 : 0]);
  if (!who.scopes.empty()) json.raw("scopes", model::write_scopes_json(who.scopes));
  json.text("by", to_word(who.by));
  if (!csrf.empty()) json.text("csrf", csrf);
  return json.done();
}

base::Result<base::Secret> read_login(const Context& context, const Call& call) {
  if (auto ours = context.access.check_origin(call.request); !ours) return base::pass(ours);
  const std::string_view type = call.request.field("content-type");
  if (!http::equal_fold(type.substr(0, type.find(';')), "application/json")) {
    return base::fail(base::Code::kInvalid, "the body must be of type application/json");
  }
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  base::Secret token(body->required_text("token"));
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  return token;
}

}  // namespace

base::Result<http::Response> open_session(const Context& context, const Call& call, Action&) {
  auto token = read_login(context, call);
  if (!token) return base::pass(token);
  const base::UnixTime now = context.clock.now();
  const auto snapshot = context.store.snapshot();
  auto judged = context.access.judge_token(token->expose(), *snapshot->operators, now);
  if (!judged) {
    context.denials.login_failed({.reason = judged.error().reason,
                                  .who = judged.error().who,
                                  .remote = call.request.remote,
                                  .request_id = call.request.id});
    return denied_response(judged.error(), context.throttle.failed(call.request.remote, now));
  }
  context.uses.note(judged->token_id, now);
  const Call known{call.request, *judged, judged->name, {}, {}};
  Action action(context, known);
  action.begin("session.create");
  auto recorded = action.record_change(snapshot->revision);
  if (!recorded) return base::pass(recorded);
  // The token for X-CSRF-Token comes with GET, which the browser sends with its cookie.
  http::Response response = json_response(200, principal_json(*judged, {}));
  response.extra_fields += context.access.open_session(call.request, *judged, now);
  return response;
}

base::Result<http::Response> show_session(const Context& context, const Call& call, Action&) {
  return json_response(200,
                       principal_json(call.who, context.access.csrf_token(call.request, call.who)));
}

base::Result<http::Response> close_session(const Context& context, const Call& call,
                                           Action& action) {
  if (call.who.by != Principal::By::kSession) {
    action.drop();
    return base::fail(base::Code::kInvalid, "this request has no session that could end");
  }
  const std::string line = context.access.close_session(call.request);
  auto recorded = action.record_change(context.store.snapshot()->revision);
  if (!recorded) return base::pass(recorded);
  http::Response response = json_response(200, "{}");
  response.extra_fields += line;
  return response;
}

}  // namespace sutler::admin
