#include "resolve/impact.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>
#include <set>

#include "resolve/test_random.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;

// A registry that knows the workloads.
struct Known {
  explicit Known(const std::vector<model::Workload>& workloads) {
    for (const auto& one : workloads) {
      registry::Record record;
      record.workload = one;
      registry.restore(std::move(record));
    }
  }
  registry::Registry registry{{}, "a key for digests of 32 bytes..."};
};

std::vector<store::Change> put(model::Group group) {
  EXPECT_TRUE(prepare_templates(group));
  std::vector<store::Change> changes;
  changes.emplace_back(store::PutGroup{std::move(group)});
  return changes;
}
std::vector<store::Change> drop(std::string name) {
  std::vector<store::Change> changes;
  changes.emplace_back(store::DeleteGroup{"default", std::move(name)});
  return changes;
}

void append_keys(std::string& out, std::string_view sign, const std::vector<std::string>& keys) {
  for (const auto& key : keys) out.append(" ").append(sign).append(key);
}

// "p/api +A -B ~C", and "ok>fails(no_match)" where the state changes.
std::string show(const Impact& impact) {
  std::string out;
  for (const auto& [workload, effect] : impact.affected) {
    out += (out.empty() ? "" : "; ") + workload.project_id + "/" + workload.object_id;
    append_keys(out, "+", effect->gained);
    append_keys(out, "-", effect->lost);
    append_keys(out, "~", effect->changed);
    if (effect->before == effect->after) continue;
    out.append(" ").append(to_word(effect->before)).append(">").append(to_word(effect->after));
    const std::string& reason = effect->after_reason;
    if (!reason.empty()) out += "(" + reason.substr(0, reason.find(':')) + ")";
  }
  return out;
}

std::string tell_impact(const World& world, const Known& known,
                        const std::vector<store::Change>& changes) {
  return show(impact_of(world.view(), changes, known.registry));
}

TEST(Impact, SaysWhoGainsLosesAndChangesWhich) {
  World world;
  world.put(group("g").project("p").set("A", "1").set("B", "1").set("/f", "1"));
  const Known known({workload("p/api"), workload("q/api")});
  auto next = group("g");
  next.project("p").set("A", "2").set("C", "1").set("/f", "1");
  EXPECT_EQ(tell_impact(world, known, put(next.build())), "p/api +C -B ~A");
}

TEST(Impact, AChangeThatNobodySeesAffectsNobody) {
  World world;
  world.put(group("high").priority(50).set("A", "1"));
  world.put(group("low").set("A", "old"));
  const Known known({workload("p/api")});
  EXPECT_EQ(tell_impact(world, known, put(group("low").set("A", "new").build())), "");
  EXPECT_EQ(tell_impact(world, known, drop("high")), "p/api ~A");
}

TEST(Impact, AGroupThatMovesIsLostThereAndGainedHere) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  const Known known({workload("p/api"), workload("q/api"), workload("r/api")});
  EXPECT_EQ(tell_impact(world, known, put(group("g").project("q").set("A", "1").build())),
            "p/api -A ok>empty; q/api +A empty>ok");
}

TEST(Impact, SaysWhoseFetchWouldFailAndWhy) {
  World world;
  world.put(group("base").set("HOST", "db").set("X", "1"));
  world.put(group("url").project("p").text("URL", "pg://${HOST}"));
  const Known known({workload("p/api"), workload("q/api")});
  EXPECT_EQ(tell_impact(world, known, put(group("base").set("X", "1").build())),
            "p/api ok>fails(unknown_name); q/api -HOST");
}

TEST(Impact, ATemplateChangesWithWhatItNames) {
  World world;
  world.put(group("base").set("HOST", "db"));
  world.put(group("url").project("p").text("URL", "pg://${HOST}/${workload.nfObjectId}"));
  const Known known({workload("p/a"), workload("p/b")});
  EXPECT_EQ(tell_impact(world, known, put(group("base").set("HOST", "db2").build())),
            "p/a ~HOST ~URL; p/b ~HOST ~URL");
}

TEST(Impact, ATeamThatAsksForAMatchFailsThoseWithout) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  const Known known({workload("p/api"), workload("q/api")});
  std::vector<store::Change> changes;
  model::Team team;
  team.id = "default";
  team.path = "/";
  team.options.require_match = true;
  changes.emplace_back(store::PutTeam{std::move(team)});
  EXPECT_EQ(tell_impact(world, known, changes), "q/api empty>fails(no_match)");
}

TEST(Impact, AFileThatOnlyChangesItsModeIsChanged) {
  World world;
  world.put(group("g").set("/f", "1"));
  const Known known({workload("p/api")});
  auto next = group("g");
  next.set("/f", "1").encoding("/f", model::Encoding::kUtf8);
  EXPECT_EQ(tell_impact(world, known, put(next.build())), "p/api ~/f");
}

TEST(Impact, TheViewThatIsServedStaysAsItIs) {
  World world;
  world.put(group("g").set("A", "1"));
  const Known known({workload("p/api")});
  EXPECT_EQ(tell_impact(world, known, drop("g")), "p/api -A ok>empty");
  EXPECT_EQ(world.fetch("p/api"), "A=1");
}

// Of somebody to whom groups named `hidden…` are not there and who may see values of `open…` alone.
Sight of_names() {
  return {.sees = [](const auto& group) { return !group.name.starts_with("hidden"); },
          .reveals = [](const auto& group) { return group.name.starts_with("open"); },
          .knows = {}};
}
std::string tell_limited(const World& world, const Known& known,
                         const std::vector<store::Change>& changes) {
  return show(impact_of(world.view(), changes, known.registry, of_names()));
}

TEST(LimitedImpact, SaysTheSameWhateverAHiddenGroupHolds) {
  const Known known({workload("p/api")});
  std::set<std::string> told;
  for (const char* pin : {"4711", "1234", "a much longer one"}) {
    World world;
    world.put(group("hidden-db").set("DB_PIN", pin).text("URL", "pg://${DB_PIN}").require("X"));
    told.insert(tell_limited(
        world, known, put(group("g").priority(90).set("DB_PIN", "4711").set("X", "1").build())));
  }
  World without;
  told.insert(tell_limited(
      without, known, put(group("g").priority(90).set("DB_PIN", "4711").set("X", "1").build())));
  EXPECT_EQ(told.size(), 2U) << "the first group of a store apart";
  EXPECT_TRUE(told.contains("p/api +DB_PIN +X")) << *told.begin();
}

TEST(LimitedImpact, DoesNotMeasureAHiddenValue) {
  World world;
  world.put(group("hidden").set("K", std::string(1000, 'k')));
  const Known known({workload("p/api")});
  const std::string pad(base::limits::kEnvironmentStringBytesMax - 500, 'p');
  const auto told = tell_limited(
      world, known, put(group("g").set("PAD", pad).text("BOTH", "${PAD}${K}").build()));
  EXPECT_EQ(told, "p/api +BOTH +PAD");
}

TEST(LimitedImpact, AKeyThatAnotherGroupGivesIsChangedWithoutALookAtItsValue) {
  World world;
  world.put(group("low").set("A", "1").text("B", "${A}").set("C", "1"));
  const Known known({workload("p/api")});
  EXPECT_EQ(tell_limited(world, known, put(group("high").priority(90).set("A", "1").build())),
            "p/api ~A ~B");
}

TEST(LimitedImpact, WithinOneGroupItSaysWhichEntriesChange) {
  World world;
  world.put(group("g").set("A", "1").set("B", "1").text("C", "${A}").set("/f", "1"));
  const Known known({workload("p/api")});
  const auto told = tell_limited(
      world, known,
      put(group("g").set("A", "2").set("B", "1").text("C", "${A}").set("/f", "1").build()));
  EXPECT_EQ(told, "p/api ~A ~C");
  EXPECT_EQ(tell_limited(world, known, drop("g")), "p/api -A -B -C -/f ok>empty");
}

TEST(LimitedImpact, AReferenceIsComparedAndNoSourceIsAsked) {
  World world;
  world.put(group("g").set("A", "1").entry("R", model::Reference{"vault", "app#pin"}));
  const Known known({workload("p/api")});
  EXPECT_EQ(
      tell_limited(
          world, known,
          put(group("g").set("A", "2").entry("R", model::Reference{"vault", "app#pin"}).build())),
      "p/api ~A");
  EXPECT_EQ(
      tell_limited(
          world, known,
          put(group("g").set("A", "1").entry("R", model::Reference{"vault", "app#other"}).build())),
      "p/api ~R");
}

TEST(LimitedImpact, ANameThatOnlyAHiddenGroupMayHaveFailsNobody) {
  World world;
  world.put(group("hidden").set("THERE", "1"));
  world.put(group("g").project("q").set("A", "1"));
  const Known known({workload("p/api")});
  for (const char* name : {"${THERE}", "${NOWHERE}"}) {
    EXPECT_EQ(tell_limited(world, known, put(group("t").text("T", name).build())), "p/api +T");
  }
}

TEST(LimitedImpact, WhoMaySeeAllValuesOfAWorkloadIsToldExactly) {
  World world;
  world.put(group("open-a").set("A", "1"));
  world.put(group("hidden").project("q").set("A", "1"));
  const Known known({workload("p/api"), workload("q/api")});
  const auto impact =
      impact_of(world.view(), put(group("open-b").priority(90).set("A", "1").build()),
                known.registry, of_names());
  EXPECT_EQ(show(impact), "q/api ~A");
  EXPECT_TRUE(impact.limited);
}

// A naive copy of what impact says, from whole bundles.
using Answer = std::map<std::string, std::string>;
struct Fetched {
  std::string error;
  Answer entries;
};
Fetched fetch(const World& world, const model::Workload& workload) {
  const auto resolved = resolve(*world.view(), workload);
  if (!resolved) return {resolved.error().name + ": " + resolved.error().message, {}};
  Fetched fetched;
  for (const auto& v : resolved->bundle.variables) {
    fetched.entries[v.name] = std::string(v.value.expose());
  }
  for (const auto& f : resolved->bundle.files) {
    fetched.entries[f.path] = std::string(f.data.expose());
  }
  return fetched;
}

Effect naive(const Fetched& before, const Fetched& after) {
  Effect effect;
  const auto state = [](const Fetched& fetched) {
    if (!fetched.error.empty()) return Fetch::kFails;
    return fetched.entries.empty() ? Fetch::kEmpty : Fetch::kOk;
  };
  effect.before = state(before);
  effect.after = state(after);
  effect.before_reason = before.error;
  effect.after_reason = after.error;
  if (effect.before == Fetch::kFails || effect.after == Fetch::kFails) return effect;
  for (const auto& [key, value] : before.entries) {
    const auto at = after.entries.find(key);
    if (at == after.entries.end()) effect.lost.push_back(key);
    if (at != after.entries.end() && at->second != value) effect.changed.push_back(key);
  }
  for (const auto& [key, value] : after.entries) {
    if (!before.entries.contains(key)) effect.gained.push_back(key);
  }
  return effect;
}

std::string text_of(Effect effect) {
  for (auto* keys : {&effect.gained, &effect.lost, &effect.changed}) std::ranges::sort(*keys);
  std::string out;
  append_keys(out, "+", effect.gained);
  append_keys(out, "-", effect.lost);
  append_keys(out, "~", effect.changed);
  return out.append(to_word(effect.before)).append(effect.before_reason) +
         std::string(to_word(effect.after)) + effect.after_reason;
}

// 200 workloads of few enough names that groups match many of them.
std::vector<model::Workload> crowd() {
  std::vector<model::Workload> out;
  for (const char* project : {"a", "b", "ab", "abb", "ba"}) {
    for (const char* object : {"a", "b", "ab", "abb", "ba", "bb", "c", "bab", "aab", "x"}) {
      for (const char* type : {"job", "Job", "service", "addon"}) {
        out.push_back({"default", project, object, type});
      }
    }
  }
  return out;
}

void says_what_all_bundles_show(test::Texts texts, int changes_max) {
  static const std::vector<model::Workload> workloads = crowd();
  static const Known known(workloads);
  World world;
  const auto all = *rc::gen::resize(
      changes_max, rc::gen::container<std::vector<test::Change>>(test::any_change(texts)));
  for (const test::Change& change : all) {
    if (change.drop && !world.view()->snapshot->find_group("default", change.name)) continue;
    const auto changes = change.drop ? drop(change.name) : put(change.group());
    const Impact impact = impact_of(world.view(), changes, known.registry);
    std::map<model::Workload, std::string> said;
    for (const auto& [workload, effect] : impact.affected) said[workload] = text_of(*effect);
    std::vector<Fetched> before;
    for (const auto& one : workloads) before.push_back(fetch(world, one));
    RC_ASSERT(test::apply(world, change));
    for (std::size_t i = 0; i < workloads.size(); ++i) {
      const Effect shown = naive(before[i], fetch(world, workloads[i]));
      const auto at = said.find(workloads[i]);
      if (shown.nothing()) {
        RC_ASSERT(at == said.end());
      } else {
        RC_ASSERT(at != said.end());
        RC_ASSERT(at->second == text_of(shown));
      }
    }
    RC_ASSERT(impact.workloads_checked == workloads.size());
  }
}

// Each of the hundred cases makes up to 24 changes: together they are more than a thousand.
RC_GTEST_PROP(ImpactProperty, SaysWhatAllBundlesBeforeAndAfterShow, ()) {
  says_what_all_bundles_show(test::Texts::kTemplatesToo, 24);
}
// Groups of literals take the short way (plain_effect.h).
RC_GTEST_PROP(ImpactProperty, SaysItOfPlainGroupsToo, ()) {
  says_what_all_bundles_show(test::Texts::kEditedLiterals, 8);
}

}  // namespace
}  // namespace sutler::resolve
