#include "admin/restart_api.h"

#include "admin/action.h"
#include "admin/json_io.h"
#include "admin/northflank.h"
#include "admin/workload_json.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kWorkloadsMax = 10'000;

struct Wanted {
  std::vector<model::Workload> services;
  std::vector<model::Workload> others;
  int at_once = 5;
  bool print = false;
};

void read_ids(const Context& context, const Call& call, BodyReader& body, Wanted& wanted) {
  const auto* value = body.find("workloads");
  const auto* list = value == nullptr ? nullptr : value->if_array();
  if (list == nullptr || list->empty() || list->size() > kWorkloadsMax) {
    return body.refuse("body: member \"workloads\" must be a list of 1 to 10000 ids");
  }
  for (const auto& item : *list) {
    const auto* text = item.if_string();
    const auto workload =
        text == nullptr ? std::nullopt : workload_from_id({text->data(), text->size()});
    if (!workload || context.registry == nullptr || !context.registry->find(*workload) ||
        !may_see_project(call.who, workload->team, workload->project_id)) {
      return body.refuse("body: member \"workloads\" has an id of no workload that was seen",
                         "GET /api/v1/workloads and /api/v1/drift give ids");
    }
    (can_restart(*workload) ? wanted.services : wanted.others).push_back(*workload);
  }
}

std::string workloads_json(const std::vector<model::Workload>& workloads, std::string_view why) {
  JsonArray list;
  for (const auto& workload : workloads) {
    JsonObject one;
    put_workload(one, workload);
    if (!why.empty()) one.text("why", why);
    list.raw(one.done());
  }
  return list.done();
}

// The numbers are of the whole job; workloads are named to who may see them.
void put_status(JsonObject& json, const Restarts::Status& status, const Principal& who) {
  JsonArray failures;
  for (const auto& [workload, why] : status.failures) {
    if (!may_see_project(who, workload.team, workload.project_id)) continue;
    JsonObject one;
    put_workload(one, workload);
    one.text("why", why);
    failures.raw(one.done());
  }
  json.number("id", status.id)
      .raw("running", kJsonFlag[status.running ? 1 : 0])
      .number("total", status.total)
      .number("restarted", status.done)
      .raw("failed", failures.done());
}

base::Result<Restarts*> require_restarts(const Context& context) {
  if (context.restarts != nullptr && context.registry != nullptr) return context.restarts;
  return base::fail(base::Code::kUnavailable, "this server restarts no workloads");
}

}  // namespace

base::Result<http::Response> restart_workloads(const Context& context, const Call& call,
                                               Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  Wanted wanted;
  wanted.print = body->flag("print").value_or(false);
  wanted.at_once =
      static_cast<int>(body->whole("at_once", 1, Restarts::kAtOnceMax).value_or(wanted.at_once));
  read_ids(context, call, *body, wanted);
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  auto restarts = require_restarts(context);
  if (!restarts) return base::pass(restarts);
  JsonObject json;
  const auto& options = (*restarts)->options();
  const bool configured = !options.token_file.empty();
  json.raw("skipped", workloads_json(wanted.others,
                                     "only services can be restarted; a job "
                                     "fetches anew when it next runs"))
      .raw("configured", kJsonFlag[configured ? 1 : 0]);
  if (wanted.print || !configured) {
    action.drop();
    JsonArray calls;
    for (const auto& workload : wanted.services) {
      JsonObject one;
      one.text("method", "POST").text("url", restart_url(options.api, workload));
      calls.raw(one.done());
    }
    json.raw("calls", calls.done());
    return json_response(200, json.done());
  }
  if (auto intent = action.record_intent(); !intent) return base::pass(intent);
  auto id = (*restarts)->start({std::move(wanted.services), wanted.at_once, call.operator_name,
                                std::string(call.request.remote), std::string(call.request.id)});
  if (!id) return base::pass(id);
  put_status(json, (*restarts)->status(), call.who);
  auto recorded = action.record_reveal();
  if (!recorded) return base::pass(recorded);
  return json_response(202, json.done());
}

base::Result<http::Response> show_restarts(const Context& context, const Call& call, Action&) {
  auto restarts = require_restarts(context);
  if (!restarts) return base::pass(restarts);
  JsonObject json;
  put_status(json, (*restarts)->status(), call.who);
  return json_response(200, json.done());
}

}  // namespace sutler::admin
