#include "admin/commit.h"

#include <algorithm>

#include "admin/impact_report.h"
#include "admin/json_io.h"
#include "admin/source_rules.h"

namespace sutler::admin {
namespace {

std::string names_json(const Plan& plan, Fate fate) {
  JsonArray names;
  for (const Touched& group : plan.groups) {
    if (group.fate == fate) names.text(group.name);
  }
  return names.done();
}

std::string_view to_word(Fate fate) {
  switch (fate) {
    case Fate::kCreated: return "created";
    case Fate::kUpdated: return "updated";
    case Fate::kUnchanged: return "unchanged";
    case Fate::kDeleted: return "deleted";
  }
  return {};
}

// Which entries of which groups come, change and go; names only.
std::string diff_json(const Plan& plan) {
  JsonArray groups;
  for (const Touched& group : plan.groups) {
    if (group.fate == Fate::kUnchanged) continue;
    const Difference& difference = group.difference;
    JsonObject one;
    one.text("team", group.team)
        .text("name", group.name)
        .text("fate", to_word(group.fate))
        .raw("added", json_strings(difference.added))
        .raw("changed", json_strings(difference.changed))
        .raw("removed", json_strings(difference.removed))
        .raw("header_changed", kJsonFlag[difference.header == Difference::Header::kDiffers]);
    groups.raw(one.done());
  }
  return groups.done();
}

enum class Done { kAll, kNothing };

http::Response plan_response(int status, std::uint64_t revision, const Plan& plan,
                             std::string_view impact, Done done) {
  JsonObject answer;
  answer.number("revision", revision)
      .raw("created", names_json(plan, Fate::kCreated))
      .raw("updated", names_json(plan, Fate::kUpdated))
      .raw("unchanged", names_json(plan, Fate::kUnchanged))
      .raw("deleted", names_json(plan, Fate::kDeleted))
      .raw("diff", diff_json(plan));
  if (!plan.teams.empty()) answer.raw("teams", json_strings(plan.teams));
  answer.raw("warnings", json_strings(plan.warnings)).raw("impact", impact);
  if (done == Done::kNothing) answer.raw("dry_run", "true");
  return json_response(status, answer.done());
}

// The version a group has now: what was written stands in the snapshot, a deletion counts as one
// more.
std::uint64_t version_after(const store::Snapshot& snapshot, const Touched& group) {
  if (group.fate == Fate::kDeleted) return group.version + 1;
  const auto record = snapshot.find_group(group.team, group.name);
  return record ? record->version() : group.version + 1;
}

enum class When { kBefore, kAfter };  // the commit

// `[{"name","version"}]`, with the team where the groups are of several, and `deleted` for those
// that went. Which version it will be is not known before.
std::string audit_groups(const store::Snapshot& snapshot, const std::vector<const Touched*>& groups,
                         const std::string& common_team, When when) {
  JsonArray array;
  for (const Touched* group : groups) {
    JsonObject one;
    if (common_team.empty()) one.text("team", group->team);
    one.text("name", group->name);
    if (when == When::kAfter) one.number("version", version_after(snapshot, *group));
    if (group->fate == Fate::kDeleted) one.raw("deleted", "true");
    array.raw(one.done());
  }
  return array.empty() ? std::string() : array.done();
}

// The groups that the record names. Of many, those that stayed are of no interest; of one, which it
// was is the record's whole content.
std::vector<const Touched*> told_groups(const Plan& plan) {
  std::vector<const Touched*> groups;
  for (const Touched& group : plan.groups) {
    if (group.fate != Fate::kUnchanged || plan.groups.size() == 1) groups.push_back(&group);
  }
  return groups;
}

void describe(const store::Snapshot& snapshot, const Plan& plan, Action::Details& details,
              When when) {
  const std::vector<const Touched*> groups = told_groups(plan);
  if (groups.empty() && plan.teams.size() == 1) details.team = plan.teams.front();
  if (groups.empty()) return;
  const std::string& team = groups.front()->team;
  const bool one_team = std::all_of(groups.begin(), groups.end(),
                                    [&](const Touched* group) { return group->team == team; });
  if (one_team) details.team = team;
  details.groups_json = audit_groups(snapshot, groups, details.team, when);
  if (groups.size() == 1 && !groups.front()->keys.empty()) {
    details.keys_json = json_strings(groups.front()->keys);
  }
}

// A dry run changes nothing. But its answer compares what was sent with what is there, so whoever
// may not see values could guess them by it: his leaves a record.
base::Result<void> record_try(const Context& context, const Call& call, Action& action,
                              const Plan& plan) {
  if (call.who.reveal == Reveal::kYes) {
    action.drop();
    return {};
  }
  action.begin("change.try");
  describe(*context.store.snapshot(), plan, action.details(), When::kBefore);
  return action.record_reveal();
}

// A change whose names fill more than one line of the audit may hold could not be recorded.
base::Result<void> require_recordable(const Plan& plan) {
  constexpr std::size_t kNamesBytesMax = 1024 * 1024;
  constexpr std::size_t kAroundEachBytes = 64;
  constexpr std::size_t kAroundKeyBytes = 3;
  std::size_t bytes = 0;
  const std::vector<const Touched*> groups = told_groups(plan);
  for (const Touched* group : groups) {
    bytes += group->team.size() + group->name.size() + kAroundEachBytes;
    if (groups.size() > 1) continue;
    for (const auto& key : group->keys) bytes += 2 * key.size() + kAroundKeyBytes;
  }
  if (bytes <= 2 * kNamesBytesMax) return {};
  return base::fail(base::Code::kTooLarge, "the change names more than one audit record can hold",
                    "apply it in parts: some thousand groups at a time");
}

}  // namespace

store::CommitInfo commit_info(const Context& context, const Call& call) {
  return {call.operator_name, context.clock.now(), call.query.text("message"),
          std::string(call.request.id)};
}

base::Result<std::uint64_t> commit_recorded(const Context& context, const Call& call,
                                            Action& action, std::vector<store::Change> changes) {
  if (auto recorded = action.record_intent(); !recorded) return base::pass(recorded);
  return context.store.commit(std::move(changes), commit_info(context, call));
}

base::Result<void> read_manner(const Call& call, Manner& manner) {
  if (auto fits = store::check_message(call.query.text("message")); !fits) return fits;
  auto dry_run = call.query.flag("dry_run");
  if (!dry_run) return base::pass(dry_run);
  auto force = call.query.flag("force");
  if (!force) return base::pass(force);
  manner.dry_run = manner.dry_run || *dry_run;
  manner.force = manner.force || *force;
  return {};
}

Weighed weigh(const Context& context, const Call& call, Action& action,
              const std::vector<store::Change>& changes, const Manner& manner) {
  const ImpactReport impact = ImpactReport::assess(context, call.who, changes);
  Weighed weighed{impact.json(), {}};
  if (manner.dry_run) {
    action.drop();
  } else if (impact.refused_by() && !manner.force) {
    action.record_failure(impact.refusal());
    weighed.refusal = impact.refusal_response();
  } else if (impact.refused_by()) {
    action.details().reason = "forced";
  }
  return weighed;
}

base::Result<void> require_plan(const store::Snapshot& snapshot, const Principal& who,
                                const Plan& plan) {
  for (const store::Change& change : plan.changes) {
    const auto* put = std::get_if<store::PutGroup>(&change);
    const auto* gone = std::get_if<store::DeleteGroup>(&change);
    if (put == nullptr && gone == nullptr) {
      if (auto owner = require_right(who, Right::kOwn); !owner) return owner;
      continue;
    }
    const auto record = put != nullptr
                            ? snapshot.find_group(put->group.header.team, put->group.header.name)
                            : snapshot.find_group(gone->team, gone->name);
    auto allowed = require_write(who, record ? &record->header() : nullptr,
                                 put != nullptr ? &put->group.header : nullptr);
    if (!allowed) return allowed;
  }
  return {};
}

base::Result<http::Response> carry_out(const Context& context, const Call& call, Action& action,
                                       Plan plan, Manner manner) {
  store::CommitInfo info = commit_info(context, call);
  if (auto read = read_manner(call, manner); !read) return base::pass(read);
  if (info.message.empty()) info.message = plan.message;
  std::uint64_t revision = context.store.snapshot()->revision;
  if (auto fits = require_recordable(plan); !fits) return base::pass(fits);
  auto allowed = require_plan(*context.store.snapshot(), call.who, plan);
  if (!allowed) return base::pass(allowed);
  auto sourced = require_sources(*context.store.snapshot(), context.sources, call.who, plan);
  if (!sourced) return base::pass(sourced);
  auto weighed = weigh(context, call, action, plan.changes, manner);
  if (weighed.refusal) return std::move(*weighed.refusal);
  if (manner.dry_run) {
    if (auto tried = record_try(context, call, action, plan); !tried) return base::pass(tried);
    return plan_response(200, revision, plan, weighed.impact, Done::kNothing);
  }
  if (!plan.changes.empty()) {
    describe(*context.store.snapshot(), plan, action.details(), When::kBefore);
    if (auto intent = action.record_intent(); !intent) return base::pass(intent);
    auto committed = context.store.commit(std::move(plan.changes), info);
    if (!committed) return base::pass(committed);
    revision = *committed;
  }
  describe(*context.store.snapshot(), plan, action.details(), When::kAfter);
  auto recorded = action.record_change(revision);
  if (!recorded) return base::pass(recorded);
  const bool one_new = plan.groups.size() == 1 && plan.groups.front().fate == Fate::kCreated;
  return plan_response(one_new ? 201 : 200, revision, plan, weighed.impact, Done::kAll);
}

}  // namespace sutler::admin
