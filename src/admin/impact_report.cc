#include "admin/impact_report.h"

#include <algorithm>

#include "admin/json_io.h"
#include "admin/past.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kListedMax = 1000;

std::string affected_json(const resolve::Affected& affected) {
  const auto& [workload, effect] = affected;
  JsonObject one;
  one.text("team", workload.team)
      .text("project", workload.project_id)
      .text("object", workload.object_id)
      .text("type", workload.object_type)
      .raw("gained", json_strings(effect->gained))
      .raw("lost", json_strings(effect->lost))
      .raw("changed", json_strings(effect->changed))
      .text("before", resolve::to_word(effect->before))
      .text("after", resolve::to_word(effect->after));
  const std::string& reason =
      effect->after_reason.empty() ? effect->before_reason : effect->after_reason;
  if (!reason.empty()) one.text("reason", reason);
  return one.done();
}

struct Summary {
  std::uint64_t affected = 0, gaining = 0, losing = 0, changing = 0, failing = 0, mended = 0,
                emptied = 0;

  void count(const resolve::Effect& effect) {
    using resolve::Fetch;
    ++affected;
    if (!effect.gained.empty()) ++gaining;
    if (!effect.lost.empty()) ++losing;
    if (!effect.changed.empty()) ++changing;
    if (effect.after == Fetch::kFails && effect.before != Fetch::kFails) ++failing;
    if (effect.before == Fetch::kFails && effect.after != Fetch::kFails) ++mended;
    if (effect.after == Fetch::kEmpty && effect.before != Fetch::kEmpty) ++emptied;
  }
  [[nodiscard]] std::string json() const {
    JsonObject out;
    out.number("affected", affected)
        .number("gaining", gaining)
        .number("losing", losing)
        .number("changing", changing)
        .number("failing", failing)
        .number("mended", mended)
        .number("emptied", emptied);
    return out.done();
  }
};

// Those that are hit hardest are shown where not all can be.
int rank(const resolve::Effect& effect) { return effect.harms() ? 0 : 1; }

resolve::Sight sight_of(const Principal& who) {
  if (who.reveal == Reveal::kYes && sees_everything(who)) return {};
  return {.sees = [&who](const model::GroupHeader& group) { return may_see(who, group); },
          .reveals = [&who](const model::GroupHeader& group) { return may_reveal(who, group); },
          .knows =
              [&who](const model::Workload& workload) {
                return may_see_project(who, workload.team, workload.project_id);
              }};
}

std::uint64_t known_to(const registry::Registry& known, const resolve::Sight& sight) {
  if (!sight.knows) return known.size();
  std::uint64_t count = 0;
  known.for_each(nullptr, [&](const registry::Record& record) {
    if (sight.knows(record.workload)) ++count;
    return true;
  });
  return count;
}

bool refuses(const store::Snapshot& snapshot, const std::string& team) {
  const auto at = snapshot.teams.find(team);
  return at != snapshot.teams.end() &&
         at->second->team.options.impact == model::ImpactPolicy::kRefuse;
}

// The team that refuses the impact.
std::optional<std::string> refused_by(const store::Snapshot& snapshot,
                                      const resolve::Impact& impact) {
  for (const auto& [workload, effect] : impact.affected) {
    if (effect->harms() && refuses(snapshot, workload.team)) return workload.team;
  }
  return std::nullopt;
}

// Where nobody is known, the team that wants to know first.
std::optional<std::string> refused_unseen(const store::Snapshot& snapshot,
                                          const std::vector<store::Change>& changes) {
  for (const store::Change& change : changes) {
    const auto* put = std::get_if<store::PutGroup>(&change);
    const auto* gone = std::get_if<store::DeleteGroup>(&change);
    if (put == nullptr && gone == nullptr) continue;
    const std::string& team = put != nullptr ? put->group.header.team : gone->team;
    if (refuses(snapshot, team)) return team;
  }
  return std::nullopt;
}

}  // namespace

ImpactReport ImpactReport::assess(const Context& context, const Principal& who,
                                  const std::vector<store::Change>& changes) {
  ImpactReport report;
  if (context.registry == nullptr) {
    report.is_blind_ = true;
    report.refused_by_ = refused_unseen(*context.store.snapshot(), changes);
    report.refusal_told_ = report.refused_by_.has_value();
    return report;
  }
  context.registry->settle();
  const resolve::Sight sight = sight_of(who);
  if (changes.empty()) {
    report.impact_.workloads_checked = known_to(*context.registry, sight);
    return report;
  }
  const auto view = context.catalog.view();
  report.impact_ = resolve::impact_of(view, changes, *context.registry, sight, context.sources);
  report.refused_by_ = admin::refused_by(*view->snapshot, report.impact_);
  report.refusal_told_ = report.refused_by_.has_value();
  const auto some_refuse = std::ranges::any_of(view->snapshot->teams, [&](const auto& team) {
    return refuses(*view->snapshot, team.first);
  });
  // A team's rule looks at all of it.
  if (sight.knows && some_refuse) {
    report.refused_by_ = admin::refused_by(
        *view->snapshot, resolve::impact_of(view, changes, *context.registry, {}, context.sources));
  }
  return report;
}

std::string ImpactReport::json() const {
  Summary summary;
  JsonArray list;
  std::size_t listed = 0;
  for (const int wanted : {0, 1}) {
    for (const auto& affected : impact_.affected) {
      if (rank(*affected.effect) != wanted) continue;
      summary.count(*affected.effect);
      if (listed >= kListedMax) continue;
      list.raw(affected_json(affected));
      ++listed;
    }
  }
  JsonObject out;
  out.number("workloads_checked", impact_.workloads_checked)
      .raw("affected", list.done())
      .raw("summary", summary.json())
      .raw("truncated", kJsonFlag[summary.affected > listed ? 1 : 0])
      .raw("refused", kJsonFlag[refusal_told_ ? 1 : 0]);
  if (impact_.limited) out.raw("limited", "true");
  if (is_blind_) out.text("registry", "off");
  return out.done();
}

base::Error ImpactReport::refusal() const {
  if (is_blind_) {
    return {base::Code::kConflict,
            "team \"" + refused_by_.value_or("") +
                "\" refuses changes by which a workload loses something, and this server keeps no "
                "registry that could tell",
            "set registry_workloads_max; --force makes the change all the same", "impact"};
  }
  return {base::Code::kConflict,
          "team \"" + refused_by_.value_or("") +
              "\" refuses changes by which a workload loses a key or its fetch fails",
          "look at the impact (--dry-run shows it); --force makes the change all the same",
          "impact"};
}

http::Response ImpactReport::refusal_response() const {
  http::Response response = error_response(refusal());
  std::string body(response.body.expose());
  body.pop_back();  // the object's end
  ImpactReport told = *this;
  told.refusal_told_ = true;
  body += ",\"impact\":" + told.json() + "}";
  response.body = base::Secret(std::move(body));
  return response;
}

}  // namespace sutler::admin
