#include "admin/group_api.h"

#include "admin/action.h"
#include "admin/apply.h"
#include "admin/commit.h"
#include "admin/group_patch.h"
#include "admin/group_rules.h"
#include "admin/json_io.h"
#include "admin/past.h"
#include "admin/precondition.h"
#include "base/json.h"
#include "base/json_bounded.h"
#include "model/group_reader.h"
#include "model/group_writer.h"

namespace sutler::admin {
namespace {

std::string keys_json(const store::GroupRecord& record) {
  const auto keys = record.keys();
  JsonArray names;
  for (const std::string_view name : keys.variables) names.text(name);
  for (const std::string_view path : keys.files) names.text(path);
  return names.empty() ? std::string() : names.done();
}

std::string group_and_version_json(const store::GroupRecord& record) {
  JsonObject one;
  one.text("name", record.header().name).number("version", record.version());
  return "[" + one.done() + "]";
}

// What the query of a write says.
struct Edit {
  std::string manager;
  TakeOver take_over = TakeOver::kNo;
};

// Also checks that the team exists.
base::Result<Edit> read_edit(const store::Snapshot& snapshot, const Call& call) {
  auto take_over = call.query.flag("take_over");
  if (!take_over) return base::pass(take_over);
  auto team = require_team(snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  const auto record = snapshot.find_group(call.team, call.name);
  if (record && !may_see(call.who, record->header())) {
    // As if it were not there; only that its name is taken has to be told to who wants to take it.
    if (call.request.method != "PUT") return no_group(call.team, call.name);
    auto refused = require_write(call.who, &record->header(), nullptr);
    if (!refused) return base::pass(refused);
  }
  Edit edit{call.query.text("managed_by"), *take_over ? TakeOver::kYes : TakeOver::kNo};
  if (!edit.manager.empty() && !model::is_group_name(edit.manager)) {
    return base::fail(base::Code::kInvalid,
                      "query parameter \"managed_by\" must be a name of letters, digits, \".\", "
                      "\"_\", \"-\"");
  }
  return edit;
}

constexpr auto kWhole = Precondition::Replaces::kWhole;
constexpr auto kNamedParts = Precondition::Replaces::kNamedParts;

// The path fills `team` and `name` where the body leaves them out; another group's are refused.
base::Result<model::Group> read_put_body(const Call& call) {
  auto tree = base::parse_bounded_json(call.request.body);
  if (!tree) return base::pass(tree, "body");
  auto* object = tree->if_object();
  if (object == nullptr) return base::fail(base::Code::kInvalid, "body: must be a JSON object");
  object->emplace("team", call.team);
  object->emplace("name", call.name);
  auto group = model::group_from_json(*tree, "body");
  if (!group) return base::pass(group);
  if (group->header.team == call.team && group->header.name == call.name) return group;
  return base::fail(base::Code::kInvalid, "body: is group \"" + group->header.name +
                                              "\" of team \"" + group->header.team +
                                              "\", the path is that of \"" + call.name +
                                              "\" of team \"" + call.team + "\"");
}

base::Result<http::Response> write_group(const Context& context, const resolve::View& view,
                                         const Call& call, Action& action, const Edit& edit,
                                         model::Group group) {
  ApplyInput input{.who = call.who};
  input.groups.push_back(std::move(group));
  input.manager = edit.manager;
  input.take_over = edit.take_over;
  auto plan = plan_apply(view, std::move(input));
  if (!plan) return base::pass(plan);
  auto response = carry_out(context, call, action, std::move(*plan));
  const auto written = context.store.snapshot()->find_group(call.team, call.name);
  if (response && written) response->extra_fields += etag_field(*written);
  return response;
}

}  // namespace

base::Result<http::Response> show_group(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto reveal = call.query.flag("reveal");
  if (!reveal) return base::pass(reveal);
  if (*reveal) action.begin("value.reveal");
  const auto snapshot = context.store.snapshot();
  auto team = require_team(*snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  const auto record = snapshot->find_group(call.team, call.name);
  if (!record || !may_see(call.who, record->header())) return no_group(call.team, call.name);
  action.details().groups_json = group_and_version_json(*record);
  action.details().keys_json = keys_json(*record);
  if (*reveal) {
    auto allowed = require_reveal(call.who, record->header());
    if (!allowed) return base::pass(allowed);
  }
  auto group = record->open();
  if (!group) return base::pass(group);
  if (*reveal) {
    auto recorded = action.record_reveal();
    if (!recorded) return base::pass(recorded);
  }
  const auto values = *reveal ? model::Values::kReveal : model::Values::kMask;
  http::Response response = secret_response(model::write_group_json(*group, values));
  response.extra_fields =
      etag_field(*record) + "Group-Version: " + std::to_string(record->version()) + "\r\n";
  return response;
}

base::Result<http::Response> put_group(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto group = read_put_body(call);
  if (!group) return base::pass(group);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto view = context.catalog.view();
  const auto& snapshot = view->snapshot;
  auto edit = read_edit(*snapshot, call);
  if (!edit) return base::pass(edit);
  const auto current = snapshot->find_group(call.team, call.name);
  // Who may not write it at all is told that, and nothing of its version.
  auto allowed = require_write(call.who, current ? &current->header() : nullptr, &group->header);
  if (!allowed) return base::pass(allowed);
  if (auto no = condition->judge(tagged(call, current.get()), kWhole, action))
    return std::move(*no);
  return write_group(context, *view, call, action, *edit, std::move(*group));
}

base::Result<http::Response> patch_group(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto view = context.catalog.view();
  const auto& snapshot = view->snapshot;
  auto edit = read_edit(*snapshot, call);
  if (!edit) return base::pass(edit);
  const auto record = snapshot->find_group(call.team, call.name);
  if (auto no = condition->judge(tagged(call, record.get()), kNamedParts, action))
    return std::move(*no);
  std::optional<model::Group> current;
  if (record) {
    auto opened = record->open();
    if (!opened) return base::pass(opened);
    current = std::move(*opened);
  }
  auto group = patched_group(*body, current ? &*current : nullptr, call.team, call.name);
  if (!group) return base::pass(group);
  // Whoever writes here manages it from now on; apply.h refuses where somebody else does.
  group->header.managed_by = edit->manager;
  return write_group(context, *view, call, action, *edit, std::move(*group));
}

base::Result<http::Response> delete_group(const Context& context, const Call& call,
                                          Action& action) {
  note_group(call, action);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto view = context.catalog.view();
  auto edit = read_edit(*view->snapshot, call);
  if (!edit) return base::pass(edit);
  const auto record = view->snapshot->find_group(call.team, call.name);
  if (auto no = condition->judge(tagged(call, record.get()), kNamedParts, action))
    return std::move(*no);
  auto plan = plan_delete(*view, {call.who, call.team, call.name, edit->manager, edit->take_over});
  if (!plan) return base::pass(plan);
  return carry_out(context, call, action, std::move(*plan));
}

}  // namespace sutler::admin
