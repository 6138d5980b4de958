#include "admin/exposure_api.h"

#include <algorithm>
#include <set>

#include "admin/action.h"
#include "admin/exposure_subject.h"
#include "admin/exposure_trail.h"
#include "admin/json_io.h"
#include "admin/past.h"
#include "admin/workload_json.h"
#include "resolve/exposure.h"

namespace sutler::admin {
namespace {

using resolve::KeyName;
using resolve::Targets;

constexpr std::size_t kListedMax = 10'000;

struct Question {
  std::string team;
  std::string group, key;
  base::Secret value;
  std::string operator_name;
};

base::Result<Question> read_question(const Call& call) {
  auto body = BodyReader::parse(call.request.body);
  if (!body) return base::pass(body);
  Question question;
  question.team = body->text("team").value_or("default");
  question.group = body->text("group").value_or("");
  question.key = body->text("key").value_or("");
  question.value = base::Secret(body->text("value").value_or(""));
  question.operator_name = body->text("operator").value_or("");
  const int ways = (question.group.empty() && question.key.empty() ? 0 : 1) +
                   (question.value.empty() ? 0 : 1) + (question.operator_name.empty() ? 0 : 1);
  if (ways != 1 || question.group.empty() != question.key.empty()) {
    body->refuse("body: needs either \"group\" and \"key\", or \"value\", or \"operator\"");
  }
  auto finished = body->finish();
  if (!finished) return base::pass(finished);
  return question;
}

void put_key(JsonObject& json, const KeyName& key) {
  json.text("team", key.team).text("group", key.group).text("key", key.key);
}

void put_current(JsonObject& json, const std::optional<bool>& current) {
  json.raw("current", current ? kJsonFlag[*current ? 1 : 0] : "null");
}

std::string exposed_json(const resolve::Exposed& exposed) {
  JsonArray versions;
  for (const auto& version : exposed.versions) {
    JsonObject one;
    one.number("version", version.version);
    if (version.version_last != version.version) one.number("version_last", version.version_last);
    put_time(one, "first_fetched", version.first);
    put_time(one, "last_fetched", version.last);
    put_current(one, version.current);
    versions.raw(one.done());
  }
  JsonObject json;
  put_workload(json, exposed.workload);
  json.text("group", exposed.key.group)
      .text("key", exposed.key.key)
      .raw("versions", versions.done())
      .raw("current", kJsonFlag[exposed.current() ? 1 : 0])
      .raw("in_last_bundle", kJsonFlag[exposed.in_last_bundle ? 1 : 0]);
  return json.done();
}

std::string sighting_json(const Sighting& sighting, resolve::Versions& versions) {
  JsonObject json;
  json.text("operator", sighting.operator_name);
  put_key(json, sighting.key);
  json.number("version", sighting.version)
      .text("how", sighting.how == Sighting::How::kRevealed ? "revealed" : "wrote");
  json.text("first", sighting.first).text("last", sighting.last).number("times", sighting.times);
  put_current(json, versions.is_current({sighting.key.team, sighting.key.group, sighting.version},
                                        sighting.key.key));
  return json.done();
}

// Which of the versions that are asked about still hold what the key is now.
std::optional<bool> still_current(const KeyName& key, const std::set<std::uint64_t>& which,
                                  resolve::Versions& versions) {
  const std::uint64_t now = versions.current(key.team, key.group);
  if (now == 0) return false;
  if (which.empty()) {
    const auto group = versions.open({key.team, key.group, now});
    return group && (resolve::value_of(*group, key.key) != nullptr || !group->secrets_from.empty());
  }
  std::optional<bool> answer = false;
  for (const std::uint64_t version : which) {
    const auto same = versions.is_current({key.team, key.group, version}, key.key);
    if (same == true) return true;
    if (!same) answer = std::nullopt;
  }
  return answer;
}

// Takes away what may not be told: each version's own header decides.
void keep_told(Targets& targets, KnownGroups& groups) {
  for (auto at = targets.begin(); at != targets.end();) {
    const KeyName& key = at->first;
    std::set<std::uint64_t>& which = at->second;
    const bool all = which.empty();  // of them those that may be told are answered
    std::erase_if(which, [&](std::uint64_t version) {
      return !groups.knows_version(key.team, key.group, version);
    });
    const bool nothing = !all && which.empty();
    at = nothing || !groups.knows(key.team, key.group) ? targets.erase(at) : std::next(at);
  }
}

// For a question to which there is no answer.
base::Result<void> require_known(const Context& context, const Principal& who,
                                 const Question& question, resolve::Versions& versions) {
  if (!question.operator_name.empty()) {
    return require_known_operator(context, who, question.operator_name);
  }
  if (question.group.empty()) return {};
  return require_known_key(context, who, {question.team, question.group, question.key}, versions);
}

// Everything of the answer that follows from the keys.
class Answer {
 public:
  Answer(const Context& context, const Call& call, resolve::Versions& versions)
      : context_(context), call_(call), versions_(versions) {}

  void keys(const Targets& targets, const Targets& rendered) {
    JsonArray keys;
    JsonArray rotate;
    for (const auto& [key, which] : targets) {
      JsonArray numbers;
      for (const std::uint64_t version : which) numbers.raw(std::to_string(version));
      const auto current = still_current(key, which, versions_);
      JsonObject one;
      put_key(one, key);
      one.raw("versions", numbers.done());
      put_current(one, current);
      if (rendered.contains(key)) one.raw("rendered", "true");
      keys.raw(one.done());
      if (current == false) continue;
      JsonObject due;
      put_key(due, key);
      rotate.raw(due.done());
    }
    json_.raw("keys", keys.done()).raw("rotate", rotate.done());
  }
  void workloads(const std::vector<resolve::Exposed>& all) {
    JsonArray list;
    std::size_t total = 0;
    for (const auto& exposed : all) {
      const model::Workload& workload = exposed.workload;
      if (!may_see_project(call_.who, workload.team, workload.project_id)) continue;
      if (++total <= kListedMax) list.raw(exposed_json(exposed));
    }
    json_.raw("workloads", list.done()).number("workloads_total", total);
    const registry::Forgotten forgotten = context_.registry->forgotten();
    json_.number("workloads_forgotten", forgotten.count);
    if (forgotten.count > 0) put_time(json_, "forgotten_last_seen", forgotten.last);
    truncated_ = truncated_ || total > kListedMax;
  }
  void operators(const std::vector<Sighting>& sightings) {
    JsonArray list;
    std::size_t listed = 0;
    for (const Sighting& sighting : sightings) {
      if (++listed <= kListedMax) list.raw(sighting_json(sighting, versions_));
    }
    json_.raw("operators", list.done());
    truncated_ = truncated_ || listed > kListedMax;
  }
  void searched(const resolve::ValueSearch& search) {
    json_.number("versions_searched", search.versions_searched);
    truncated_ = truncated_ || search.truncated;
  }
  std::string done() {
    json_.raw("truncated", kJsonFlag[truncated_ ? 1 : 0]);
    return json_.done();
  }

 private:
  const Context& context_;
  const Call& call_;
  resolve::Versions& versions_;
  JsonObject json_;
  bool truncated_ = false;
};

}  // namespace

base::Result<http::Response> tell_exposure(const Context& context, const Call& call,
                                           Action& action) {
  auto question = read_question(call);
  if (!question) return base::pass(question);
  if (!question->value.empty()) action.begin("exposure.value");
  if (!question->operator_name.empty()) action.begin("exposure.operator");
  if (context.registry == nullptr) {
    return base::fail(base::Code::kUnavailable, "this server keeps no workload registry",
                      "sutler audit query tells who fetched what; registry_workloads_max: 0 is "
                      "why there is none",
                      "registry_off");
  }
  context.registry->settle();
  resolve::Versions versions(context.catalog.view(), context.store);
  Answer answer(context, call, versions);
  Targets targets;
  Targets rendered;
  std::vector<Sighting> sightings;
  if (!question->group.empty()) {
    targets[{question->team, question->group, question->key}];
  } else if (!question->value.empty()) {
    auto search = resolve::find_value(question->value.expose(), *context.registry, versions);
    rendered = resolve::find_rendered(question->value.expose(), *context.registry,
                                      *context.catalog.view(), context.sources);
    answer.searched(search);
    targets = std::move(search.found);
    for (const auto& [key, which] : rendered) targets[key].insert(which.begin(), which.end());
  } else {
    auto seen = sightings_by(context, question->operator_name, versions);
    if (!seen) return base::pass(seen);
    sightings = std::move(*seen);
    for (const Sighting& one : sightings) targets[one.key].insert(one.version);
  }
  KnownGroups groups(context, call.who);
  const auto told = [&](const resolve::GroupVersion& which) {
    return groups.knows_version(which.team, which.group, which.version);
  };
  keep_told(targets, groups);
  if (question->operator_name.empty()) {
    auto seen = sightings_of(context, targets, versions);
    if (!seen) return base::pass(seen);
    sightings = std::move(*seen);
  }
  std::erase_if(sightings, [&](const Sighting& one) {
    return !told({one.key.team, one.key.group, one.version});
  });
  const auto exposed = resolve::exposure_of(targets, *context.registry, versions, told);
  if (exposed.empty() && sightings.empty()) {
    auto known = require_known(context, call.who, *question, versions);
    if (!known) return base::pass(known);
  }
  answer.keys(targets, rendered);
  answer.workloads(exposed);
  answer.operators(sightings);
  if (action.pending()) {
    auto recorded = action.record_reveal();
    if (!recorded) return base::pass(recorded);
  }
  return json_response(200, answer.done());
}

}  // namespace sutler::admin
