#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "base/json.h"
#include "resolve/test_random.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

namespace json = boost::json;
using test::group;
using test::workload;
using test::World;

json::object explain(const World& world, const model::Workload& asks, Reveal reveal) {
  const base::Secret text = explain_json(*world.view(), asks, reveal);
  return test::must(base::parse_json(text.expose())).as_object();
}

// The values of an explanation in the language of World::fetch.
std::string told(const json::object& story) {
  const std::string outcome(story.at("outcome").as_string());
  if (outcome != "ok") return "error: " + outcome;
  std::string out;
  for (const json::value& entry : story.at("entries").as_array()) {
    const json::object& e = entry.as_object();
    const auto& key = e.contains("key") ? e.at("key") : e.at("path");
    out += (out.empty() ? "" : " ") + std::string(key.as_string()) + "=" +
           std::string(e.at("value").as_string());
  }
  return out;
}

TEST(Explain, TheWholeStoryHasExactlyTheseMembers) {
  World world;
  world.put(group("base").set("A", "1").set("/f", "2"));
  world.put(group("pay")
                .priority(50)
                .project("pay")
                .object("api:service")
                .text("A", "${B}")
                .set("B", "4"));
  const base::Secret text = explain_json(*world.view(), workload("pay/api"), Reveal::kYes);
  const std::string revision = std::to_string(world.view()->snapshot->revision);
  std::string expected =
      R"({"team":"default","workload":{"projectId":"pay","nfObjectId":"api",)"
      R"("nfObjectType":"service"},"revision":@,"groups":[)"
      R"({"name":"pay","version":1,"priority":50,"specificity":"object",)"
      R"("because":"names the object api (type service) of project pay"},)"
      R"({"name":"base","version":1,"priority":10,"specificity":"any",)"
      R"("because":"is for every workload of the team"}],"entries":[)"
      R"({"key":"A","kind":"ENV","value":"4","template":true,"inheritedFrom":"pay",)"
      R"("version":1,"priority":50,"overriding":[)"
      R"({"inheritedFrom":"base","version":1,"priority":10,"value":"1"}]},)"
      R"({"key":"B","kind":"ENV","value":"4","inheritedFrom":"pay","version":1,)"
      R"("priority":50,"overriding":[]},)"
      R"({"path":"/f","kind":"FILE","value":"2","inheritedFrom":"base","version":1,)"
      R"("priority":10,"overriding":[]}],"problems":[],"outcome":"ok"})";
  expected.replace(expected.find('@'), 1, revision);
  EXPECT_EQ(text.expose(), expected);
}

TEST(Explain, ValuesAreMaskedUnlessTheyAreAskedFor) {
  World world;
  world.put(group("low").priority(0).set("A", "canary-low"));
  world.put(group("high").set("A", "canary-high").text("B", "canary ${A}").set("/f", "canary-f"));
  const base::Secret text = explain_json(*world.view(), workload("p/o"), Reveal::kNo);
  EXPECT_EQ(text.expose().find("canary"), std::string_view::npos);
  const auto story = explain(world, workload("p/o"), Reveal::kNo);
  for (const json::value& entry : story.at("entries").as_array()) {
    EXPECT_TRUE(entry.as_object().at("masked").as_bool());
    EXPECT_FALSE(entry.as_object().contains("value"));
  }
}

TEST(Explain, EveryProblemIsToldAndTheFirstIsTheOutcome) {
  World world;
  world.put(group("g").text("A", "${A}").text("B", "${NOPE}").text("C", "${B}").require("D"));
  const auto story = explain(world, workload("p/o"), Reveal::kYes);
  const auto& problems = story.at("problems").as_array();
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].at("code").as_string(), "template_cycle");
  EXPECT_EQ(problems[0].at("key").as_string(), "A");
  EXPECT_EQ(problems[0].at("message").as_string(),
            "variable A of group g: its template goes round in a cycle: A -> A");
  EXPECT_EQ(problems[1].at("code").as_string(), "unknown_name");
  EXPECT_EQ(problems[1].at("key").as_string(), "B");
  EXPECT_EQ(problems[2].at("code").as_string(), "missing_required");
  EXPECT_EQ(problems[2].at("group").as_string(), "g");
  EXPECT_EQ(story.at("outcome").as_string(), "template_cycle");
}

TEST(Explain, AnEmptyStoreAndNoMatchAreProblemsToo) {
  World world;
  EXPECT_EQ(told(explain(world, workload("p/o"), Reveal::kNo)), "error: store_empty");
  model::TeamOptions options;
  options.require_match = true;
  world.put_team("default", options);
  world.put(group("g").project("q"));
  EXPECT_EQ(told(explain(world, workload("p/o"), Reveal::kNo)), "error: no_match");
}

std::string because(test::GroupBuilder& builder) {
  World world;
  world.put(builder);
  const auto story = explain(world, workload("pay/api:service"), Reveal::kNo);
  return std::string(story.at("groups").as_array().at(0).at("because").as_string());
}

TEST(Explain, TheReasonNamesThePatternThatMatched) {
  EXPECT_EQ(because(group("g").project("x").project("pay")), "names project pay, any object");
  EXPECT_EQ(because(group("g").project("p*")), "names projects like p*, any object");
  EXPECT_EQ(because(group("g").object("api:job").object("a*")),
            "names objects like a* (any type), in any project");
  EXPECT_EQ(because(group("g").project("*y").object("api:SERVICE")),
            "names the object api (type SERVICE) of projects like *y");
}

RC_GTEST_PROP(ExplainProperty, ItTellsTheSameStoryAsTheBundle, ()) {
  const auto changes = *test::any_changes(test::Texts::kTemplatesToo);
  World world;
  for (const test::Change& change : changes) apply(world, change);
  const auto asks = *test::any_workload();
  const std::string fetched = world.fetch(asks);
  auto revealed = explain(world, asks, Reveal::kYes);
  RC_ASSERT(told(revealed) == fetched);
  const auto resolved = resolve(*world.view(), asks);
  if (!resolved) {
    RC_ASSERT(revealed.at("problems").as_array().at(0).at("message").as_string() ==
              std::string_view(resolved.error().message));
  }
  // The masked story is the same without the values.
  auto masked = explain(world, asks, Reveal::kNo);
  for (json::object* story : {&revealed, &masked}) {
    for (json::value& entry : story->at("entries").as_array()) {
      entry.as_object().erase("value");
      entry.as_object().erase("masked");
      for (json::value& loser : entry.at("overriding").as_array()) loser.as_object().erase("value");
    }
  }
  RC_ASSERT((revealed == masked));
}

}  // namespace
}  // namespace sutler::resolve
