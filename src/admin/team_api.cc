#include "admin/team_api.h"

#include "admin/action.h"
#include "admin/commit.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/precondition.h"

namespace sutler::admin {
namespace {

constexpr std::string_view kDefaultTeam = "default";

JsonObject team_object(const model::Team& team) {
  JsonArray ranges;
  for (const model::Cidr& range : team.options.allow_from) ranges.text(range.text());
  JsonObject json;
  json.text("id", team.id)
      .text("path", team.path)
      .raw("require_match", kJsonFlag[team.options.require_match ? 1 : 0])
      .raw("require_exp", kJsonFlag[team.options.require_exp ? 1 : 0])
      .raw("allow_from", ranges.done())
      .number("leeway_seconds", static_cast<std::uint64_t>(team.options.leeway_seconds))
      .text("impact", model::to_word(team.options.impact))
      .number("keys", team.keys.size());
  return json;
}

// What no impact can say, as it does not depend on the groups: who may not get as far as to them.
std::vector<std::string> warnings_of(const model::Team& before, const model::Team& after) {
  std::vector<std::string> warnings;
  if (before.path != after.path) {
    warnings.push_back("the workloads of team \"" + after.id +
                       "\" get 404 until Northflank asks at " + after.path);
  }
  if (!before.options.require_exp && after.options.require_exp) {
    warnings.emplace_back("tokens that never expire are refused from now on");
  }
  if (before.options.allow_from != after.options.allow_from && !after.options.allow_from.empty()) {
    warnings.emplace_back("who asks from another address than those of allow_from is refused");
  }
  return warnings;
}

void read_allow_from(BodyReader& body, std::vector<model::Cidr>& ranges) {
  const auto* value = body.find("allow_from");
  if (value == nullptr) return;
  if (value->is_null()) return ranges.clear();
  const auto* list = value->if_array();
  if (list == nullptr || list->empty()) {
    return body.refuse("body: member \"allow_from\" must be a list of at least one address range",
                       "null takes the restriction away");
  }
  ranges.clear();
  for (const auto& item : *list) {
    const auto* text = item.if_string();
    if (text == nullptr)
      return body.refuse("body: member \"allow_from\" must be a list of strings");
    auto range = model::Cidr::parse({text->data(), text->size()});
    if (!range) return body.refuse("allow_from: " + range.error().message, range.error().hint);
    ranges.push_back(std::move(*range));
  }
}

// The members that POST and PATCH have in common, onto the team.
base::Result<void> read_options(BodyReader& body, model::Team& team) {
  if (auto path = body.text("path")) {
    auto valid = model::validate_team_path(*path);
    if (!valid) return base::pass(valid);
    team.path = std::move(*path);
  }
  model::TeamOptions& options = team.options;
  options.require_match = body.flag("require_match").value_or(options.require_match);
  options.require_exp = body.flag("require_exp").value_or(options.require_exp);
  const auto leeway = body.whole("leeway_seconds", 0, base::limits::kLeewaySecondsMax);
  if (leeway) options.leeway_seconds = static_cast<int>(*leeway);
  if (const auto word = body.text("impact")) {
    const auto policy = model::impact_policy_from(*word);
    if (!policy) body.refuse("body: member \"impact\" must be \"report\" or \"refuse\"");
    options.impact = policy.value_or(options.impact);
  }
  read_allow_from(body, options.allow_from);
  return body.finish();
}

constexpr auto kNamedParts = Precondition::Replaces::kNamedParts;

// Of the team as it is now; empty when it is gone.
std::string etag_field_of(const Context& context, const std::string& id) {
  const auto snapshot = context.store.snapshot();
  const auto at = snapshot->teams.find(id);
  if (at == snapshot->teams.end()) return {};
  return etag_field(etag_of(at->second->version, at->second->revision));
}

struct TeamChange {
  std::vector<store::Change> changes;  // empty: it is so already
  Manner manner;
  JsonObject answer;
  std::string_view member = "impact";  // a team has a member of this name already: its policy
};

// Weighed, made and recorded as a change of groups is; the answer is completed.
base::Result<http::Response> change_team(const Context& context, const Call& call, Action& action,
                                         TeamChange change) {
  auto weighed = weigh(context, call, action, change.changes, change.manner);
  if (weighed.refusal) return std::move(*weighed.refusal);
  std::uint64_t revision = context.store.snapshot()->revision;
  if (!change.manner.dry_run) {
    if (!change.changes.empty()) {
      auto made = commit_recorded(context, call, action, std::move(change.changes));
      if (!made) return base::pass(made);
      revision = *made;
    }
    auto recorded = action.record_change(revision);
    if (!recorded) return base::pass(recorded);
  }
  change.answer.number("revision", revision).raw(change.member, weighed.impact);
  if (change.manner.dry_run) change.answer.raw("dry_run", "true");
  return json_response(200, change.answer.done());
}

}  // namespace

base::Result<std::uint64_t> save_team(const Context& context, const Call& call, Action& action,
                                      model::Team team, std::uint64_t expected_version) {
  std::vector<store::Change> changes;
  changes.emplace_back(store::PutTeam{std::move(team), expected_version});
  return commit_recorded(context, call, action, std::move(changes));
}

base::Result<http::Response> list_teams(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  const auto snapshot = context.store.snapshot();
  for (const auto& [id, record] : snapshot->teams) {
    if (id <= page->after()) continue;
    if (!may_see_team(call.who, id)) continue;
    if (page->full()) break;
    JsonObject one = team_object(record->team);
    page->add(id, one.text("etag", etag_of(record->version, record->revision)).done());
  }
  return json_response(200, page->done());
}

base::Result<http::Response> show_team(const Context& context, const Call& call, Action&) {
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.who, call.team);
  if (!record) return base::pass(record);
  http::Response response = json_response(200, team_object((*record)->team).done());
  response.extra_fields += etag_field(etag_of((*record)->version, (*record)->revision));
  return response;
}

base::Result<http::Response> create_team(const Context& context, const Call& call, Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  model::Team team;
  team.id = body->required_text("id");
  team.path = "/" + team.id;
  auto read = read_options(*body, team);
  if (!read) return base::pass(read);
  auto valid = model::validate_team_id(team.id);
  if (!valid) return base::pass(valid);
  action.details().team = team.id;
  const std::string answer = team_object(team).done();
  const WriteTurn turn(context);
  if (context.store.snapshot()->teams.contains(team.id)) {
    return base::fail(base::Code::kConflict, "there is a team \"" + team.id + "\" already",
                      "sutler team set changes it");
  }
  const std::string id = team.id;
  auto revision = save_team(context, call, action, std::move(team), 0);
  if (!revision) return base::pass(revision);
  auto recorded = action.record_change(*revision);
  if (!recorded) return base::pass(recorded);
  http::Response response = json_response(201, answer);
  response.extra_fields += etag_field_of(context, id);
  return response;
}

base::Result<http::Response> update_team(const Context& context, const Call& call, Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  Manner manner;
  if (auto read = read_manner(call, manner); !read) return base::pass(read);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.team);
  if (!record) return base::pass(record);
  if (auto no = condition->judge(tagged(**record), kNamedParts, action)) return std::move(*no);
  const model::Team& before = (*record)->team;
  model::Team team = model::clone(before);
  auto read = read_options(*body, team);
  if (!read) return base::pass(read);
  JsonObject answer = team_object(team);
  answer.raw("warnings", json_strings(warnings_of(before, team)));
  std::vector<store::Change> changes;
  if (team.path != before.path || team.options != before.options) {
    changes.emplace_back(store::PutTeam{std::move(team), (*record)->version});
  }
  auto response =
      change_team(context, call, action, {std::move(changes), manner, std::move(answer), "effect"});
  if (response) response->extra_fields += etag_field_of(context, call.team);
  return response;
}

base::Result<http::Response> delete_team(const Context& context, const Call& call, Action& action) {
  Manner manner;
  if (auto read = read_manner(call, manner); !read) return base::pass(read);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto record = require_team(*snapshot, call.team);
  if (!record) return base::pass(record);
  if (auto no = condition->judge(tagged(**record), kNamedParts, action)) return std::move(*no);
  if (call.team == kDefaultTeam) {
    return base::fail(base::Code::kRefused, "the team \"default\" is always there",
                      "sutler group delete takes its groups away, sutler team key retire its keys");
  }
  const std::size_t groups = snapshot->groups_of(call.team).size();
  if (groups > 0) {
    return base::fail(base::Code::kConflict,
                      "the team \"" + call.team + "\" has " + std::to_string(groups) + " groups",
                      "delete its groups first", "team_not_empty");
  }
  std::vector<store::Change> changes;
  changes.emplace_back(store::DeleteTeam{call.team, (*record)->version});
  return change_team(context, call, action, {std::move(changes), manner, {}});
}

}  // namespace sutler::admin
