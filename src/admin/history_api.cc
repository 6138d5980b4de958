#include "admin/history_api.h"

#include "admin/group_diff.h"
#include "admin/group_rules.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/past.h"
#include "model/group_writer.h"

namespace sutler::admin {
namespace {

using base::Code;

std::string version_json(const store::GroupVersion& version) {
  JsonObject one;
  one.number("version", version.version)
      .number("revision", version.revision)
      .text("when", base::rfc3339(version.when))
      .text("who", version.who);
  if (!version.message.empty()) one.text("message", version.message);
  if (version.deleted) one.raw("deleted", "true");
  return one.done();
}

// One side of a diff, or the one version that is shown.
struct Side {
  std::string team;
  std::string name;
  std::uint64_t version = 0;
  Standing standing = {};
  model::Group group = {};
};

// A version whose header of then or of now `who` may not see is not found.
base::Result<Side> open_side(const Context& context, const Principal& who, Side side) {
  auto group = context.store.version(side.team, side.name, side.version);
  if (!group) return base::pass(group);
  if (!may_see(who, group->header)) {
    return base::fail(
        Code::kNotFound,
        "group \"" + side.name + "\", version " + std::to_string(side.version) + " is not kept", {},
        "no_version");
  }
  side.group = std::move(*group);
  return side;
}

base::Result<void> require_reveal_of(const Principal& who, const Side& side) {
  if (auto then = require_reveal(who, side.group.header); !then) return then;
  if (side.standing.header) return require_reveal(who, *side.standing.header);
  return {};
}

// With a group of his own nobody may guess the values of another one.
Compared compared_for(const Principal& who, const Side& from, const Side& to) {
  const bool one_group = from.team == to.team && from.name == to.name;
  const bool told = require_reveal_of(who, from) && require_reveal_of(who, to);
  return one_group || told ? Compared::kValues : Compared::kKeys;
}

std::string side_json(const Side& side) {
  JsonObject one;
  one.text("team", side.team).text("name", side.name).number("version", side.version);
  return one.done();
}

std::string all_keys_json(const model::Group& group) {
  JsonArray names;
  for (const auto& [name, variable] : group.variables) names.text(name);
  for (const auto& [path, file] : group.files) names.text(path);
  return names.empty() ? std::string() : names.done();
}

// The versions that the query asks for; `to` belongs to the other group where there is one.
struct DiffQuery {
  std::optional<std::uint64_t> from, to;
  std::string with, with_team;
  bool reveal = false;
};

base::Result<DiffQuery> read_diff_query(const Call& call) {
  DiffQuery query;
  auto from = call.query.number("from");
  if (!from) return base::pass(from);
  auto to = call.query.number("to");
  if (!to) return base::pass(to);
  auto reveal = call.query.flag("reveal");
  if (!reveal) return base::pass(reveal);
  query = {*from, *to, call.query.text("with"), call.query.text("with_team"), *reveal};
  if (query.with.empty() && !query.with_team.empty()) query.with = call.name;
  if (query.with_team.empty()) query.with_team = call.team;
  return query;
}

// The last version that has content.
std::uint64_t newest(const Standing& standing) {
  return standing.deleted ? standing.version - 1 : standing.version;
}

base::Result<std::pair<Side, Side>> find_sides(const Context& context, const Call& call,
                                               const DiffQuery& query) {
  auto here = find_standing(context, call.who, call.team, call.name);
  if (!here) return base::pass(here);
  Side from{call.team, call.name, 0, *here, {}};
  Side to = {call.team, call.name, 0, *here, {}};
  if (!query.with.empty()) {
    auto there = find_standing(context, call.who, query.with_team, query.with);
    if (!there) return base::pass(there);
    to = {query.with_team, query.with, 0, std::move(*there), {}};
    from.version = query.from.value_or(newest(from.standing));
    to.version = query.to.value_or(newest(to.standing));
  } else {
    to.version = query.to.value_or(newest(to.standing));
    from.version = query.from.value_or(to.version > 0 ? to.version - 1 : 0);
    if (from.version == 0) {
      return base::fail(
          Code::kInvalid,
          "group \"" + call.name + "\" has no version before version " + std::to_string(to.version),
          "name two versions, or another group to compare with");
    }
  }
  auto first = open_side(context, call.who, std::move(from));
  if (!first) return base::pass(first);
  auto second = open_side(context, call.who, std::move(to));
  if (!second) return base::pass(second);
  return std::pair(std::move(*first), std::move(*second));
}

}  // namespace

base::Result<http::Response> list_versions(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  auto team = require_team(*context.store.snapshot(), call.who, call.team);
  if (!team) return base::pass(team);
  auto standing = find_standing(context, call.who, call.team, call.name);
  if (!standing) return base::pass(standing);
  auto versions = context.store.history(call.team, call.name);
  if (!versions) return base::pass(versions);
  for (const auto& version : *versions) {
    const std::string place = descending_place(version.version);
    if (place <= page->after()) continue;
    if (!may_know_version(context, call.who, call.team, call.name, version.version)) continue;
    if (page->full()) break;
    page->add(place, version_json(version));
  }
  return json_response(200, page->done());
}

base::Result<http::Response> show_version(const Context& context, const Call& call,
                                          Action& action) {
  note_group(call, action);
  auto reveal = call.query.flag("reveal");
  if (!reveal) return base::pass(reveal);
  if (*reveal) action.begin("value.reveal");
  auto version = path_number(call, "version");
  if (!version) return base::pass(version);
  auto team = require_team(*context.store.snapshot(), call.who, call.team);
  if (!team) return base::pass(team);
  auto standing = find_standing(context, call.who, call.team, call.name);
  if (!standing) return base::pass(standing);
  auto side = open_side(context, call.who, {call.team, call.name, *version, *standing, {}});
  if (!side) return base::pass(side);
  JsonObject which;
  which.text("name", call.name).number("version", *version);
  action.details().groups_json = "[" + which.done() + "]";
  action.details().keys_json = all_keys_json(side->group);
  if (*reveal) {
    if (auto allowed = require_reveal_of(call.who, *side); !allowed) return base::pass(allowed);
    if (auto recorded = action.record_reveal(); !recorded) return base::pass(recorded);
  }
  const auto values = *reveal ? model::Values::kReveal : model::Values::kMask;
  http::Response response = secret_response(model::write_group_json(side->group, values));
  response.extra_fields = "Group-Version: " + std::to_string(*version) + "\r\n";
  return response;
}

base::Result<http::Response> show_diff(const Context& context, const Call& call, Action& action) {
  note_group(call, action);
  auto query = read_diff_query(call);
  if (!query) return base::pass(query);
  if (query->reveal) action.begin("value.reveal");
  for (const std::string& id : {call.team, query->with_team}) {
    auto team = require_team(*context.store.snapshot(), call.who, id);
    if (!team) return base::pass(team);
  }
  auto sides = find_sides(context, call, *query);
  if (!sides) return base::pass(sides);
  const auto& [from, to] = *sides;
  if (query->reveal) {
    action.details().groups_json = "[" + side_json(from) + "," + side_json(to) + "]";
    const auto keys = all_keys(difference(&from.group, to.group));
    action.details().keys_json = keys.empty() ? std::string() : json_strings(keys);
    for (const Side* side : {&from, &to}) {
      if (auto allowed = require_reveal_of(call.who, *side); !allowed) return base::pass(allowed);
    }
    if (auto recorded = action.record_reveal(); !recorded) return base::pass(recorded);
  }
  const auto values = query->reveal ? model::Values::kReveal : model::Values::kMask;
  const base::Secret diff =
      diff_json(from.group, to.group, values, compared_for(call.who, from, to));
  JsonObject answer;
  answer.raw("from", side_json(from)).raw("to", side_json(to)).raw("diff", diff.expose());
  return secret_response(base::Secret(answer.done()));
}

base::Result<http::Response> list_deleted_groups(const Context& context, const Call& call,
                                                 Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  const auto snapshot = context.store.snapshot();
  auto team = require_team(*snapshot, call.who, call.team);
  if (!team) return base::pass(team);
  for (const auto& gone : snapshot->deleted_of(call.team)) {
    if (gone->name <= page->after()) continue;
    if (!sees_everything(call.who) && !find_standing(context, call.who, gone->team, gone->name)) {
      continue;
    }
    if (page->full()) break;
    JsonObject one;
    one.text("name", gone->name)
        .text("team", gone->team)
        .number("version", gone->version)
        .number("revision", gone->revision)
        .text("deleted", base::rfc3339(gone->changed))
        .text("deleted_by", gone->changed_by);
    page->add(gone->name, one.done());
  }
  return json_response(200, page->done());
}

}  // namespace sutler::admin
