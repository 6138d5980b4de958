// Impact in the answers of writes, teams that refuse it, and what is told of workloads.
#include <gtest/gtest.h>

#include "admin/northflank.h"
#include "admin/test_support.h"
#include "admin/workload_json.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kGroup = "/api/v1/teams/default/groups/g";

// An admin side that knows one workload of everybody's groups.
class ImpactApi : public ::testing::Test {
 protected:
  ImpactApi() {
    registry::Record record;
    record.workload = {"default", "shop", "api", "service"};
    record.count = 1;
    bench_.registry().restore(std::move(record));
    bench_.done("POST", "/api/v1/apply", apply_json({group_json("g", R"({"A":"1","B":"2"})")}));
  }
  [[nodiscard]] std::string query(std::string_view parameters) const {
    return std::string(kGroup) + "?" + std::string(parameters);
  }
  Bench bench_;
};

TEST_F(ImpactApi, IsInTheAnswerOfAWrite) {
  const auto answer = bench_.done("PATCH", kGroup, R"({"variables":{"A":"9","B":null,"C":"3"}})");
  const auto& one = answer.at_pointer("/impact/affected/0");
  EXPECT_EQ(json::serialize(one.at("gained")), R"(["C"])");
  EXPECT_EQ(json::serialize(one.at("lost")), R"(["B"])");
  EXPECT_EQ(json::serialize(one.at("changed")), R"(["A"])");
  EXPECT_FALSE(answer.as_object().contains("dry_run"));
}

TEST_F(ImpactApi, ADryRunStopsBeforeTheCommitAndLeavesNoRecord) {
  const auto revision = bench_.revision();
  const auto records = bench_.records().size();
  const Answer got = bench_.ask("DELETE", query("dry_run=true"));
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.at("/dry_run"), true);
  EXPECT_EQ(got.at("/impact/affected/0/after"), "empty");
  EXPECT_EQ(bench_.revision(), revision);
  EXPECT_EQ(bench_.records().size(), records);
}

TEST_F(ImpactApi, ATeamThatRefusesAnswers409UntilItIsForced) {
  bench_.done("PATCH", "/api/v1/teams/default", R"({"impact":"refuse"})");
  const Answer refused = bench_.ask("PATCH", kGroup, R"({"variables":{"B":null}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "impact");
  EXPECT_EQ(refused.at("/impact/affected/0/lost/0"), "B");
  EXPECT_EQ(bench_.records().back().at("outcome"), "failed");
  EXPECT_EQ(bench_.ask("PATCH", kGroup, R"({"variables":{"C":"3"}})").status, 200);
  EXPECT_EQ(bench_.ask("PATCH", query("force=true"), R"({"variables":{"B":null}})").status, 200);
  EXPECT_EQ(bench_.records().back().at("reason"), "forced");
  const Answer wrong = bench_.ask("PATCH", "/api/v1/teams/default", R"({"impact":"maybe"})");
  EXPECT_EQ(wrong.status, 400);
}

TEST_F(ImpactApi, OfATeamIsToldAndRefusedAsThatOfGroups) {
  constexpr std::string_view kTeam = "/api/v1/teams/default";
  bench_.done("DELETE", kGroup);
  bench_.done("PATCH", kTeam, R"({"impact":"refuse"})");
  const auto revision = bench_.revision();
  const auto told =
      bench_.done("PATCH", std::string(kTeam) + "?dry_run=true", R"({"require_match":true})");
  EXPECT_EQ(told.at_pointer("/effect/affected/0/after"), "fails");
  EXPECT_EQ(told.at("impact"), "refuse");
  EXPECT_EQ(told.at("require_match"), true);
  const Answer refused = bench_.ask("PATCH", kTeam, R"({"require_match":true})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "impact");
  EXPECT_EQ(bench_.revision(), revision);
  bench_.done("PATCH", std::string(kTeam) + "?force=true", R"({"require_match":true})");
  EXPECT_EQ(bench_.records().back().at("reason"), "forced");
}

TEST_F(ImpactApi, ATeamThatGoesTakesItsWorkloadsWithIt) {
  registry::Record record;
  record.workload = {"red", "shop", "api", "service"};
  record.count = 1;
  bench_.registry().restore(std::move(record));
  bench_.done("POST", "/api/v1/teams", R"({"id":"red"})");
  const auto told = bench_.done("DELETE", "/api/v1/teams/red?dry_run=true");
  EXPECT_EQ(told.at_pointer("/impact/affected/0/team"), "red");
  EXPECT_EQ(told.at_pointer("/impact/affected/0/after"), "fails");
  EXPECT_EQ(bench_.ask("GET", "/api/v1/teams").at("/items/1/id"), "red") << "a dry run";
  EXPECT_EQ(bench_.done("DELETE", "/api/v1/teams/red").at_pointer("/impact/summary/failing"), 1);
}

TEST_F(ImpactApi, AWorkloadIsFoundByItsIdAndNothingElse) {
  const model::Workload workload{"default", "shop", "api", "service"};
  EXPECT_EQ(workload_from_id(workload_id(workload)), workload);
  EXPECT_EQ(bench_.ask("GET", "/api/v1/workloads/" + workload_id(workload)).status, 200);
  for (const char* wrong : {"x", "YQ", "YQBiAGMA", "YQBiAGMAZABl"}) {
    EXPECT_FALSE(workload_from_id(wrong)) << wrong;
    EXPECT_EQ(bench_.ask("GET", std::string("/api/v1/workloads/") + wrong).status, 404) << wrong;
  }
}

TEST(Northflank, NamesThePathOfAServiceWithItsNamesEscaped) {
  const model::Workload workload{"default", "a b", "c/d", "Service"};
  EXPECT_EQ(restart_url("https://api.example/", workload),
            "https://api.example/v1/projects/a%20b/services/c%2Fd/restart");
  EXPECT_TRUE(can_restart(workload));
  EXPECT_FALSE(can_restart({"default", "a", "b", "job"}));
}

}  // namespace
}  // namespace sutler::admin::test
