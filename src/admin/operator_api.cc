#include "admin/operator_api.h"

#include <algorithm>

#include "admin/access.h"
#include "admin/action.h"
#include "admin/commit.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/precondition.h"
#include "base/glob.h"
#include "model/operator_json.h"

namespace sutler::admin {
namespace {

void write_operator(JsonObject& json, const store::OperatorRecord& record) {
  const model::Operator& who = record.who;
  json.text("name", who.name)
      .text("role", model::to_word(who.role))
      .raw("reveal", kJsonFlag[who.reveal == Reveal::kYes ? 1 : 0]);
  if (!who.scopes.empty()) json.raw("scopes", model::write_scopes_json(who.scopes));
  if (!who.description.empty()) json.text("description", who.description);
  json.raw("disabled", kJsonFlag[who.disabled ? 1 : 0])
      .number("tokens", who.tokens.size())
      .text("etag", etag_of(record.version, record.revision))
      .text("changed", base::rfc3339(record.changed))
      .text("changed_by", record.changed_by);
}

// The members that POST, PUT and PATCH have in common, onto the operator.
base::Result<void> read_members(BodyReader& body, model::Operator& who) {
  if (const auto word = body.text("role")) {
    const auto role = model::role_from(*word);
    if (!role) body.refuse("body: member \"role\" must be owner, editor, viewer or auditor");
    who.role = role.value_or(who.role);
  }
  if (const auto reveal = body.flag("reveal")) {
    who.reveal = *reveal ? Reveal::kYes : Reveal::kNo;
  }
  if (auto description = body.text("description")) who.description = std::move(*description);
  if (const auto* tree = body.find("scopes")) {
    auto scopes = model::scopes_from_json(*tree, "body: scopes");
    if (!scopes) return base::pass(scopes);
    who.scopes = std::move(*scopes);
  }
  auto finished = body.finish();
  if (!finished) return finished;
  return model::validate(who);
}

bool is_last_owner(const store::Snapshot& snapshot, std::string_view name) {
  const auto is_owner = [](const store::OperatorTable::Pointer& record) {
    return record && record->who.role == Role::kOwner && !record->who.disabled;
  };
  return is_owner(snapshot.operators->find(name)) &&
         std::ranges::none_of(snapshot.operators->all(), [&](const auto& item) {
           return item.first != name && is_owner(item.second);
         });
}

// The change is made: its record, and the operator as he is now.
base::Result<http::Response> tell(const Context& context, Action& action, std::string_view name,
                                  std::uint64_t revision, int status,
                                  const std::vector<std::string>& warnings) {
  auto recorded = action.record_change(revision);
  if (!recorded) return base::pass(recorded);
  JsonObject json;
  std::string etag;
  if (const auto record = context.store.snapshot()->operators->find(name)) {
    write_operator(json, *record);
    etag = etag_field(etag_of(record->version, record->revision));
  }
  json.number("revision", revision).raw("warnings", json_strings(warnings));
  http::Response response = json_response(status, json.done());
  response.extra_fields += etag;
  return response;
}

bool is_within(const std::vector<std::string>& inner, const std::vector<std::string>& outer) {
  if (outer.empty()) return true;
  return !inner.empty() && std::ranges::all_of(inner, [&](const std::string& pattern) {
    return std::ranges::any_of(
        outer, [&](const std::string& one) { return base::glob_contains(one, pattern); });
  });
}

bool is_within(const Scope& inner, const Scope& outer) {
  return is_within(inner.teams, outer.teams) && is_within(inner.projects, outer.projects) &&
         is_within(inner.groups, outer.groups) && inner.priority_max <= outer.priority_max;
}

bool are_within(const std::vector<Scope>& inner, const std::vector<Scope>& outer) {
  if (outer.empty()) return true;
  return !inner.empty() && std::ranges::all_of(inner, [&](const Scope& scope) {
    return std::ranges::any_of(outer, [&](const Scope& one) { return is_within(scope, one); });
  });
}

// What he may do from now on and might not before.
void warn_of_widening(const model::Operator& before, const model::Operator& next,
                      std::vector<std::string>& warnings) {
  if (next.scopes.empty() && !before.scopes.empty()) {
    warnings.push_back("no scope limits " + next.name + " any more: everything is within reach");
  } else if (!are_within(next.scopes, before.scopes)) {
    warnings.push_back("the scopes of " + next.name + " reach further than before");
  }
  if (next.reveal == Reveal::kYes && before.reveal != Reveal::kYes) {
    warnings.push_back(next.name + " may see values from now on");
  }
  if (next.role != before.role && next.role != Role::kViewer) {
    warnings.push_back(next.name + " is " +
                       (next.role == Role::kAuditor  ? "an auditor"
                        : next.role == Role::kEditor ? "an editor"
                                                     : "an owner") +
                       " from now on");
  }
}

// Saves `next`, which was made of `before` (null: he is new), or nothing when it is what is there.
base::Result<http::Response> save_and_tell(const Context& context, const Call& call, Action& action,
                                           const store::OperatorTable::Pointer& before,
                                           model::Operator next) {
  const auto snapshot = context.store.snapshot();
  const int status = before ? 200 : 201;
  std::vector<std::string> warnings;
  const bool steps_down = next.role != Role::kOwner || next.disabled;
  if (steps_down && is_last_owner(*snapshot, next.name)) {
    warnings.emplace_back("no operator is an owner now: the owner token and the socket still are");
  }
  if (next.role == Role::kAuditor && next.reveal == Reveal::kYes) {
    warnings.emplace_back("an auditor who may see values is more than an auditor");
  }
  if (before) warn_of_widening(before->who, next, warnings);
  const std::string name = next.name;
  std::uint64_t revision = snapshot->revision;
  if (!before || before->who != next) {
    auto saved =
        save_operator(context, call, action, std::move(next), before ? before->version : 0);
    if (!saved) return base::pass(saved);
    revision = *saved;
  }
  return tell(context, action, name, revision, status, warnings);
}

constexpr auto kWhole = Precondition::Replaces::kWhole;
constexpr auto kNamedParts = Precondition::Replaces::kNamedParts;

enum class State { kEnabled, kDisabled };

base::Result<http::Response> set_state(const Context& context, const Call& call, Action& action,
                                       State state) {
  note_operator(action, call.name);
  const WriteTurn turn(context);
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  model::Operator next = (*record)->who;
  next.disabled = state == State::kDisabled;
  if (next.disabled) {
    next.tokens.clear();
    context.access.close_sessions_of(next.name);
  }
  return save_and_tell(context, call, action, *record, std::move(next));
}

}  // namespace

base::Result<std::shared_ptr<const store::OperatorRecord>> require_operator(
    const store::Snapshot& snapshot, std::string_view name) {
  if (auto found = snapshot.operators->find(name)) return found;
  const bool fit = model::is_operator_name(name);  // else it may be a token in the wrong place
  return base::fail(base::Code::kNotFound,
                    fit ? "there is no operator \"" + std::string(name) + "\""
                        : std::string("there is no operator of that name"),
                    "sutler operator list shows them");
}

base::Result<std::uint64_t> save_operator(const Context& context, const Call& call, Action& action,
                                          model::Operator who, std::uint64_t expected_version) {
  std::vector<store::Change> changes;
  changes.emplace_back(store::PutOperator{std::move(who), expected_version});
  return commit_recorded(context, call, action, std::move(changes));
}

void note_operator(Action& action, std::string_view name) {
  if (!model::is_operator_name(name)) return;  // it may be a token in the wrong place
  JsonArray keys;
  action.details().keys_json = keys.text(name).done();
}

base::Result<http::Response> list_operators(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  const auto snapshot = context.store.snapshot();
  for (const auto& [name, record] : snapshot->operators->all()) {
    if (name <= page->after()) continue;
    if (page->full()) break;
    JsonObject one;
    write_operator(one, *record);
    page->add(name, one.done());
  }
  return json_response(200, page->done());
}

base::Result<http::Response> show_operator(const Context& context, const Call& call, Action&) {
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  JsonObject json;
  write_operator(json, **record);
  http::Response response = json_response(200, json.done());
  response.extra_fields += etag_field(etag_of((*record)->version, (*record)->revision));
  return response;
}

base::Result<http::Response> create_operator(const Context& context, const Call& call,
                                             Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  model::Operator who;
  who.name = body->required_text("name");
  note_operator(action, who.name);
  static_cast<void>(body->required_text("role"));
  auto read = read_members(*body, who);
  if (!read) return base::pass(read);
  const WriteTurn turn(context);
  if (context.store.snapshot()->operators->find(who.name)) {
    return base::fail(base::Code::kConflict, "there is an operator \"" + who.name + "\" already",
                      "sutler operator set changes what he may do");
  }
  return save_and_tell(context, call, action, nullptr, std::move(who));
}

base::Result<http::Response> put_operator(const Context& context, const Call& call,
                                          Action& action) {
  note_operator(action, call.name);
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  model::Operator who;
  who.name = call.name;
  if (const auto name = body->text("name"); name && *name != call.name) {
    body->refuse("body: member \"name\" is another than that of the path");
  }
  static_cast<void>(body->required_text("role"));
  const bool says_scopes = body->find("scopes") != nullptr;
  auto read = read_members(*body, who);
  if (!read) return base::pass(read);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto before = context.store.snapshot()->operators->find(call.name);
  if (before && !before->who.scopes.empty() && !says_scopes) {
    return base::fail(
        base::Code::kInvalid,
        "operator \"" + call.name + "\" has scopes, and the body says nothing of them",
        "give `scopes`; `\"scopes\": null` takes the limits away", "scopes_missing");
  }
  if (auto no = condition->judge(tagged(call.name, before.get()), kWhole, action)) {
    return std::move(*no);
  }
  if (before) {
    who.disabled = before->who.disabled;
    who.tokens = before->who.tokens;
  }
  return save_and_tell(context, call, action, before, std::move(who));
}

base::Result<http::Response> patch_operator(const Context& context, const Call& call,
                                            Action& action) {
  note_operator(action, call.name);
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  auto record = require_operator(*context.store.snapshot(), call.name);
  if (!record) return base::pass(record);
  if (auto no = condition->judge(tagged(call.name, record->get()), kNamedParts, action)) {
    return std::move(*no);
  }
  model::Operator next = (*record)->who;
  auto read = read_members(*body, next);
  if (!read) return base::pass(read);
  return save_and_tell(context, call, action, *record, std::move(next));
}

base::Result<http::Response> delete_operator(const Context& context, const Call& call,
                                             Action& action) {
  note_operator(action, call.name);
  auto condition = Precondition::read(call.request);
  if (!condition) return base::pass(condition);
  const WriteTurn turn(context);
  const auto snapshot = context.store.snapshot();
  auto record = require_operator(*snapshot, call.name);
  if (!record) return base::pass(record);
  if (auto no = condition->judge(tagged(call.name, record->get()), kNamedParts, action)) {
    return std::move(*no);
  }
  std::vector<std::string> warnings;
  if (is_last_owner(*snapshot, call.name)) {
    warnings.emplace_back("no operator is an owner now: the owner token and the socket still are");
  }
  std::vector<store::Change> changes;
  changes.emplace_back(store::DeleteOperator{call.name, (*record)->version});
  auto revision = commit_recorded(context, call, action, std::move(changes));
  if (!revision) return base::pass(revision);
  context.access.close_sessions_of(call.name);
  return tell(context, action, call.name, *revision, 200, warnings);
}

base::Result<http::Response> disable_operator(const Context& context, const Call& call,
                                              Action& action) {
  return set_state(context, call, action, State::kDisabled);
}

base::Result<http::Response> enable_operator(const Context& context, const Call& call,
                                             Action& action) {
  return set_state(context, call, action, State::kEnabled);
}

}  // namespace sutler::admin
