#include "admin/apply_api.h"

#include <boost/json/value_to.hpp>

#include "admin/action.h"
#include "admin/apply.h"
#include "admin/commit.h"
#include "admin/json_io.h"
#include "model/group_reader.h"

namespace sutler::admin {
namespace {

base::Result<std::vector<model::Group>> read_groups(const boost::json::value& tree) {
  const auto* array = tree.if_array();
  if (array == nullptr) {
    return base::fail(base::Code::kInvalid, "body: member \"groups\" must be an array");
  }
  std::vector<model::Group> groups;
  for (std::size_t i = 0; i < array->size(); ++i) {
    auto group = model::group_from_json((*array)[i], "groups[" + std::to_string(i) + "]");
    if (!group) return base::pass(group);
    groups.push_back(std::move(*group));
  }
  return groups;
}

// `[{"team","name","version"}]`
base::Result<void> read_expected(const boost::json::value& tree, ApplyInput& input) {
  const auto* array = tree.if_array();
  const auto wrong = [] {
    return base::fail(base::Code::kInvalid,
                      "body: member \"expected\" must be an array of {team, name, version}");
  };
  if (array == nullptr) return wrong();
  for (const auto& item : *array) {
    const auto* object = item.if_object();
    if (object == nullptr || object->size() != 3) return wrong();
    const auto* team = object->if_contains("team");
    const auto* name = object->if_contains("name");
    const auto* version = object->if_contains("version");
    if (team == nullptr || !team->is_string() || name == nullptr || !name->is_string() ||
        version == nullptr || !version->is_int64() || version->get_int64() < 0) {
      return wrong();
    }
    const auto team_id = boost::json::value_to<std::string>(*team);
    const auto group_name = boost::json::value_to<std::string>(*name);
    if (!model::validate_team_id(team_id) || !model::is_group_name(group_name)) return wrong();
    input.expected[{team_id, group_name}] = static_cast<std::uint64_t>(version->get_int64());
  }
  return {};
}

base::Result<std::vector<std::string>> read_teams(const boost::json::value& tree) {
  std::vector<std::string> teams;
  const auto* array = tree.if_array();
  bool good = array != nullptr && !array->empty();
  for (std::size_t i = 0; good && i < array->size(); ++i) {
    good = (*array)[i].is_string();
    if (good) teams.push_back(boost::json::value_to<std::string>((*array)[i]));
  }
  if (good) return teams;
  return base::fail(base::Code::kInvalid,
                    "body: member \"prune_teams\" must be an array of team ids, not empty");
}

struct Order {
  ApplyInput input;
  Manner manner;
};

base::Result<Order> read_order(const Call& call, Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  Order order{.input = {.who = call.who}};
  order.manner.dry_run = body->flag("dry_run").value_or(false);
  if (order.manner.dry_run) action.drop();
  order.manner.force = body->flag("force").value_or(false);
  order.input.prune = body->flag("prune").value_or(false) ? Prune::kYes : Prune::kNo;
  order.input.take_over = body->flag("take_over").value_or(false) ? TakeOver::kYes : TakeOver::kNo;
  const auto manager = body->text("managed_by");
  if (manager && !model::is_group_name(*manager)) {
    body->refuse(
        "body: member \"managed_by\" must be a name of letters, digits, \".\", \"_\", \"-\"");
  }
  order.input.manager = manager.value_or(std::string());
  const auto* expected = body->find("expected");
  const auto* prune_teams = body->find("prune_teams");
  const auto* groups = body->find("groups");
  if (groups == nullptr) body->refuse("body: member \"groups\" is missing");
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  if (expected != nullptr) {
    if (auto done = read_expected(*expected, order.input); !done) return base::pass(done);
  }
  if (prune_teams != nullptr) {
    auto teams = read_teams(*prune_teams);
    if (!teams) return base::pass(teams);
    order.input.prune_teams = std::move(*teams);
  }
  auto read = read_groups(*groups);
  if (!read) return base::pass(read);
  order.input.groups = std::move(*read);
  return order;
}

}  // namespace

base::Result<http::Response> apply_groups(const Context& context, const Call& call,
                                          Action& action) {
  auto order = read_order(call, action);
  if (!order) return base::pass(order);
  const WriteTurn turn(context);
  auto plan = plan_apply(*context.catalog.view(), std::move(order->input));
  if (!plan) return base::pass(plan);
  return carry_out(context, call, action, std::move(*plan), order->manner);
}

base::Result<http::Response> tell_impact(const Context& context, const Call& call, Action& action) {
  auto order = read_order(call, action);
  if (!order) return base::pass(order);
  order->manner.dry_run = true;
  const WriteTurn turn(context);
  auto plan = plan_apply(*context.catalog.view(), std::move(order->input));
  if (!plan) return base::pass(plan);
  return carry_out(context, call, action, std::move(*plan), order->manner);
}

}  // namespace sutler::admin
