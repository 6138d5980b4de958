#include "admin/explain_api.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kExplain = "/api/v1/teams/default/explain";
constexpr std::string_view kBundle = "/api/v1/teams/default/bundle";
constexpr std::string_view kAsk = R"({"project":"p","object":"o","type":"service"})";
constexpr std::string_view kReveal =
    R"({"project":"p","object":"o","type":"service","reveal":true})";

void fill(Bench& bench) {
  bench.done("POST", "/api/v1/apply",
             apply_json({group_json("low", R"({"A":"l0w","B":"b"})", R"(,"priority":1)"),
                         group_json("high", R"({"A":"h1gh"})", R"(,"priority":90)")}));
}

TEST(ExplainApi, TellsTheStoryWithoutValues) {
  Bench bench;
  fill(bench);
  const Answer told = bench.ask("POST", kExplain, kAsk);
  EXPECT_EQ(told.status, 200) << told.text;
  EXPECT_EQ(told.at("/groups/0/name"), "high");
  EXPECT_EQ(told.at("/entries/0/key"), "A");
  EXPECT_EQ(told.at("/entries/0/masked"), true);
  EXPECT_FALSE(told.text.contains("h1gh"));
  EXPECT_EQ(bench.records().size(), 1U);
}

TEST(ExplainApi, RevealedItIsAShowingOfEveryMatchingGroup) {
  Bench bench;
  fill(bench);
  const Answer told = bench.ask("POST", kExplain, kReveal);
  EXPECT_EQ(told.at("/entries/0/value"), "h1gh");
  EXPECT_TRUE(told.text.contains("l0w"));
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[1].at("event"), "value.reveal");
  EXPECT_EQ(records[1].at("workload").at("projectId"), "p");
  EXPECT_EQ(json::serialize(records[1].at("groups")),
            R"([{"name":"high","version":1},{"name":"low","version":1}])");
  EXPECT_EQ(json::serialize(records[1].at("keys")), R"(["A","B"])");
  EXPECT_FALSE(bench.audit_text().contains("h1gh"));
}

TEST(ExplainApi, TheBundleIsWhatTheProviderWouldAnswer) {
  Bench bench;
  fill(bench);
  const Answer got = bench.ask("POST", kBundle, kAsk);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.at("/secrets/0/value"), "h1gh");
  EXPECT_EQ(got.at("/secrets").as_array().size(), 2U);
  EXPECT_EQ(bench.records().back().at("event"), "value.reveal");
  EXPECT_EQ(bench.ask("POST", kBundle, kReveal).status, 200);
}

TEST(ExplainApi, ABundleThatCannotBeIsAnErrorAndRecordedAsOne) {
  Bench bench;
  const Answer empty = bench.ask("POST", kBundle, kAsk);
  EXPECT_EQ(empty.code(), "store_empty");
  EXPECT_EQ(bench.records().back().at("outcome"), "failed");
  EXPECT_EQ(bench.records().back().at("reason"), "store_empty");
  bench.done("PUT", "/api/v1/teams/default/groups/others",
             R"({"restrictions":{"projects":["q"]},"secrets":{"variables":{"OTHERS":"1"}}})");
  bench.done("PUT", "/api/v1/teams/default/groups/g",
             R"({"secrets":{"variables":{"A":{"template":"${OTHERS}"}}}})");
  EXPECT_EQ(bench.ask("POST", kBundle, kAsk).code(), "unknown_name");
  EXPECT_EQ(bench.ask("POST", kExplain, kAsk).at("/outcome"), "unknown_name");
}

TEST(ExplainApi, NothingIsShownThatCannotBeRecorded) {
  Bench bench;
  fill(bench);
  bench.fail_audit();
  for (const std::string_view path : {kExplain, kBundle}) {
    const Answer got = bench.ask("POST", path, kReveal);
    EXPECT_EQ(got.status, 503);
    EXPECT_FALSE(got.text.contains("h1gh"));
  }
  EXPECT_EQ(bench.ask("POST", kExplain, kAsk).status, 200);
}

TEST(ExplainApi, AWorkloadNeedsAllThreeClaims) {
  Bench bench;
  for (const std::string_view path : {kExplain, kBundle}) {
    for (const std::string_view body :
         {"{}", R"({"project":"p","object":"o"})", R"({"project":"","object":"o","type":"t"})",
          R"({"project":1,"object":"o","type":"t"})",
          R"({"project":"p\n","object":"o","type":"t"})",
          R"({"project":"p","object":"o","type":"t","surprise":1})"}) {
      EXPECT_EQ(bench.ask("POST", path, body).status, 400) << path << ' ' << body;
    }
  }
  EXPECT_EQ(bench.ask("POST", "/api/v1/teams/nosuch/explain", kAsk).status, 404);
  EXPECT_EQ(bench.ask("POST", "/api/v1/teams/nosuch/bundle", kAsk).status, 404);
}

}  // namespace
}  // namespace sutler::admin::test
