#include "admin/explain_api.h"

#include <set>

#include "admin/action.h"
#include "admin/json_io.h"
#include "model/bundle.h"
#include "resolve/resolver.h"

namespace sutler::admin {
namespace {

base::Result<model::Workload> read_workload(BodyReader& body, const std::string& team) {
  model::Workload workload;
  workload.team = team;
  workload.project_id = body.required_text("project");
  workload.object_id = body.required_text("object");
  workload.object_type = body.required_text("type");
  const std::pair<const char*, const std::string&> claims[] = {{"project", workload.project_id},
                                                               {"object", workload.object_id},
                                                               {"type", workload.object_type}};
  for (const auto& [name, claim] : claims) {
    if (model::is_valid_claim(claim)) continue;
    body.refuse("body: member \"" + std::string(name) +
                "\" must be 1 to 256 bytes of UTF-8 without control characters");
  }
  auto finished = body.finish();
  if (!finished) return base::pass(finished);
  return workload;
}

// A revealed explanation shows every value of every matching group, those that lost the merge too.
void note_groups(const resolve::View& view, const model::Workload& workload,
                 Action::Details& details) {
  JsonArray groups;
  std::set<std::string_view> keys;
  const auto found = view.index.find(workload);
  for (const auto& group : found) {
    JsonObject one;
    one.text("name", group->header().name).number("version", group->version());
    groups.raw(one.done());
    const auto names = group->keys();
    keys.insert(names.variables.begin(), names.variables.end());
    keys.insert(names.files.begin(), names.files.end());
  }
  JsonArray names;
  for (const std::string_view key : keys) names.text(key);
  details.groups_json = groups.done();
  details.keys_json = names.done();
}

enum class Wish { kNames, kValues };

// Seeing what a workload gets needs the right for every group that it comes from. Which one is in
// the way is not told when it may not be seen.
base::Result<void> require_story(const resolve::View& view, const Principal& who,
                                 const model::Workload& workload, Wish wish) {
  if (!may_see_project(who, workload.team, workload.project_id)) {
    return base::fail(base::Code::kRefused,
                      "project \"" + workload.project_id + "\" is outside of your scope", {},
                      "out_of_scope");
  }
  for (const auto& group : view.index.find(workload)) {
    if (!may_see(who, group->header())) {
      return base::fail(base::Code::kRefused,
                        "this workload also gets groups that are outside of your scope", {},
                        "out_of_scope");
    }
    if (wish == Wish::kNames) continue;
    if (auto allowed = require_reveal(who, group->header()); !allowed) return allowed;
  }
  return {};
}

// What the sources have to read first is left in the call, which then comes again.
base::Result<void> require_read(const Call& call, source::Asking& asking) {
  if (call.wanted == nullptr) return {};
  *call.wanted = asking.take_pending();
  if (call.wanted->empty()) return {};
  return base::fail(base::Code::kUnavailable, "the sources are asked first", {}, "source_pending");
}

}  // namespace

base::Result<http::Response> explain_workload(const Context& context, const Call& call,
                                              Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  const bool reveal = body->flag("reveal").value_or(false);
  if (reveal) action.begin("value.reveal");
  auto workload = read_workload(*body, call.team);
  if (!workload) return base::pass(workload);
  const auto view = context.catalog.view();
  auto team = require_team(*view->snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  auto allowed = require_story(*view, call.who, *workload, reveal ? Wish::kValues : Wish::kNames);
  if (!allowed) return base::pass(allowed);
  source::Asking asking(context.sources, call.patience);
  const resolve::Sourcing sourcing{&asking, context.clock.now()};
  base::Secret story = resolve::explain_json(
      *view, *workload, reveal ? resolve::Reveal::kYes : resolve::Reveal::kNo, sourcing);
  if (auto read = require_read(call, asking); !read) return base::pass(read);
  if (!reveal) return secret_response(std::move(story));
  action.details().workload = *workload;
  note_groups(*view, *workload, action.details());
  auto recorded = action.record_reveal();
  if (!recorded) return base::pass(recorded);
  return secret_response(std::move(story));
}

base::Result<http::Response> show_bundle(const Context& context, const Call& call, Action& action) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  // The body of explain may be sent here as it is, unless it asks for what this cannot do.
  if (!body->flag("reveal").value_or(true)) {
    body->refuse("body: a bundle is always revealed", "explain without reveal shows no values");
  }
  auto workload = read_workload(*body, call.team);
  if (!workload) return base::pass(workload);
  action.details().workload = *workload;
  const auto view = context.catalog.view();
  auto team = require_team(*view->snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  auto allowed = require_story(*view, call.who, *workload, Wish::kValues);
  if (!allowed) return base::pass(allowed);
  source::Asking asking(context.sources, call.patience);
  resolve::Sourcing sourcing{&asking, context.clock.now()};
  auto resolved = resolve::resolve(*view, *workload, &sourcing);
  if (auto read = require_read(call, asking); !read) return base::pass(read);
  if (!resolved) return base::pass(resolved);
  action.details().groups_json = resolved->groups_json;
  action.details().keys_json = resolved->keys_json;
  auto recorded = action.record_reveal();
  if (!recorded) return base::pass(recorded);
  return secret_response(model::write_bundle_json(resolved->bundle));
}

}  // namespace sutler::admin
