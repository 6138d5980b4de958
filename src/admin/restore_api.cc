#include "admin/restore_api.h"

#include "admin/action.h"
#include "admin/commit.h"
#include "admin/group_copy.h"
#include "admin/group_rules.h"
#include "admin/json_io.h"
#include "admin/past.h"
#include "admin/restore.h"
#include "admin/write_query.h"

namespace sutler::admin {
namespace {

using base::Code;
constexpr std::int64_t kNumberMax = 1'000'000'000'000;

base::Result<void> check_expected(const Call& call, const Standing& standing) {
  auto expected = call.query.number("expected_version");
  if (!expected) return base::pass(expected);
  const std::uint64_t version = standing.deleted ? 0 : standing.version;
  if (!*expected || **expected == version) return {};
  return base::fail(Code::kConflict,
                    "group \"" + call.name + "\" is at version " + std::to_string(version) +
                        ", not " + std::to_string(**expected),
                    "somebody changed it in the meantime: look at it again");
}

std::optional<CopyValues> copy_values(std::string_view word) {
  if (word == "empty") return CopyValues::kEmpty;
  if (word == "same") return CopyValues::kSame;
  if (word == "new") return CopyValues::kNew;
  return std::nullopt;
}

// A list of names that is there and not empty.
std::optional<std::vector<std::string>> read_projects(BodyReader& body) {
  const auto* tree = body.find("projects");
  if (tree == nullptr) return std::nullopt;
  std::vector<std::string> projects;
  if (const auto* array = tree->if_array()) {
    for (const auto& item : *array) {
      if (const auto* text = item.if_string()) projects.emplace_back(text->data(), text->size());
    }
    if (!projects.empty() && projects.size() == array->size()) return projects;
  }
  body.refuse("body: member \"projects\" must be a list of project ids that is not empty");
  return std::nullopt;
}

base::Result<CopyInput> read_copy(const Call& call) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  CopyInput input{
      .who = call.who, .from_team = call.team, .from = call.name, .to_team = {}, .to = {}};
  input.to = body->required_text("to");
  input.to_team = body->text("to_team").value_or(call.team);
  const auto values = copy_values(body->required_text("values"));
  if (!values) body->refuse("body: member \"values\" must be \"empty\", \"same\" or \"new\"");
  input.values = values.value_or(CopyValues::kEmpty);
  input.projects = read_projects(*body);
  if (body->flag("everyone").value_or(false)) input.whom = CopyInput::For::kEveryone;
  if (input.projects && input.whom == CopyInput::For::kEveryone) {
    body->refuse("body: \"projects\" and \"everyone\" contradict each other");
  }
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  auto rules = read_restore_rules(call);
  if (!rules) return base::pass(rules);
  input.manager = rules->manager;
  return input;
}

struct PurgeOrder {
  store::PurgeRule rule;
  bool dry_run = false;
};

base::Result<PurgeOrder> read_purge(const Context& context, const Call& call) {
  auto dry_run = call.query.flag("dry_run");
  if (!dry_run) return base::pass(dry_run);
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  const auto keep = body->whole("keep", 1, kNumberMax);
  const auto seconds = body->whole("older_than_seconds", 0, kNumberMax);
  if (keep.has_value() == seconds.has_value()) {
    body->refuse("body: one of \"keep\" and \"older_than_seconds\" is needed",
                 "keep counts the current version, which always stays");
  }
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  PurgeOrder order;
  order.dry_run = *dry_run;
  if (keep) order.rule.keep_versions = static_cast<std::uint64_t>(*keep);
  if (seconds) {
    order.rule.in_force_since =
        base::UnixTime{context.clock.now().microseconds - *seconds * 1'000'000};
  }
  return order;
}

}  // namespace

base::Result<http::Response> rollback_group(const Context& context, const Call& call,
                                            Action& action) {
  note_group(call, action);
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  const auto version = body->whole("version", 1, kNumberMax);
  if (!version) body->refuse("body: member \"version\" is missing");
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  auto rules = read_restore_rules(call);
  if (!rules) return base::pass(rules);
  const WriteTurn turn(context);
  const auto view = context.catalog.view();
  auto team = require_team(*view->snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  auto standing = find_standing(context, call.who, call.team, call.name);
  if (!standing) return base::pass(standing);
  if (auto expected = check_expected(call, *standing); !expected) return base::pass(expected);
  auto plan = plan_rollback(context.store, *view, call.team, call.name,
                            static_cast<std::uint64_t>(*version), *rules);
  if (!plan) return base::pass(plan);
  return carry_out(context, call, action, std::move(*plan));
}

base::Result<http::Response> copy_group(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto input = read_copy(call);
  if (!input) return base::pass(input);
  const WriteTurn turn(context);
  const auto view = context.catalog.view();
  for (const std::string& id : {input->from_team, input->to_team}) {
    auto team = require_team(*view->snapshot, call.who, id);
    if (!team) return base::pass(team);
  }
  const auto record = view->snapshot->find_group(call.team, call.name);
  if (!record || !may_see(call.who, record->header())) return no_group(call.team, call.name);
  auto plan = plan_copy(*view, *input);
  if (!plan) return base::pass(plan);
  const auto& made = std::get<store::PutGroup>(plan->changes.front()).group.header;
  if (input->values != CopyValues::kEmpty) {
    auto allowed = require_carry(call.who, record->header(), made);
    if (!allowed) return base::pass(allowed);
  }
  return carry_out(context, call, action, std::move(*plan));
}

base::Result<http::Response> purge_group(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto order = read_purge(context, call);
  if (!order) return base::pass(order);
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto team = require_team(*snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  auto standing = find_standing(context, call.who, call.team, call.name);
  if (!standing) return base::pass(standing);
  auto plan = context.store.plan_purge(call.team, call.name, order->rule);
  if (!plan) return base::pass(plan);
  std::uint64_t purged = plan->goes;
  if (order->dry_run) {
    action.drop();
  } else {
    if (auto intent = action.record_intent(); !intent) return base::pass(intent);
    auto report = context.store.purge(call.team, call.name, order->rule);
    if (!report) return base::pass(report);
    purged = report->versions;
    action.details().count = purged;
    if (report->damaged.count != 0) {
      action.details().groups_json = report->damaged.json();
      action.details().reason = "damaged";
    }
    auto recorded = action.record_change(snapshot->revision);
    if (!recorded) return base::pass(recorded);
  }
  JsonObject answer;
  answer.number("purged", purged).number("kept", plan->goes + plan->stays - purged);
  if (plan->damaged.count != 0) {
    answer.number("damaged", plan->damaged.count).raw("damaged_rows", plan->damaged.json());
  }
  if (order->dry_run) answer.raw("dry_run", "true");
  return json_response(200, answer.done());
}

}  // namespace sutler::admin
