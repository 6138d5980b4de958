#include "admin/team_api.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kTeams = "/api/v1/teams";
constexpr std::string_view kAcme = "/api/v1/teams/acme";

TEST(TeamApi, ATeamIsMadeChangedListedAndRemoved) {
  Bench bench;
  const auto made =
      bench.done("POST", kTeams, R"({"id":"acme","require_exp":true,"allow_from":["10.0.0.0/8"]})");
  EXPECT_EQ(made.at("path"), "/acme");
  EXPECT_EQ(made.at("require_exp"), true);
  EXPECT_EQ(made.at("leeway_seconds"), 30);
  const auto changed = bench.done("PATCH", kAcme, R"({"require_match":true,"path":"/x/y"})");
  EXPECT_EQ(changed.at("require_match"), true);
  EXPECT_EQ(changed.at("require_exp"), true);
  EXPECT_EQ(changed.at("allow_from").at(0), "10.0.0.0/8");
  const Answer list = bench.ask("GET", kTeams);
  EXPECT_EQ(list.at("/items/0/path"), "/x/y");
  EXPECT_EQ(list.at("/items/0/allow_from"), changed.at("allow_from"));
  EXPECT_EQ(list.at("/items/1/id"), "default");
  const Answer one = bench.ask("GET", kAcme);
  EXPECT_EQ(one.at("/path"), "/x/y");
  EXPECT_EQ(one.etag(), json::value_to<std::string>(list.at("/items/0/etag")));
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/none").status, 404);
  EXPECT_EQ(bench.done("DELETE", kAcme).at("revision"), 4);
  EXPECT_EQ(bench.ask("DELETE", kAcme).status, 404);

  const auto records = bench.records();
  ASSERT_EQ(records.size(), 4U);
  EXPECT_EQ(records[0].at("event"), "team.create");
  EXPECT_EQ(records[0].at("team"), "acme");
  EXPECT_EQ(records[1].at("event"), "team.update");
  EXPECT_EQ(records[2].at("event"), "team.delete");
  EXPECT_EQ(records[3].at("outcome"), "failed");
}

TEST(TeamApi, WhatIsNoTeamIsRefused) {
  Bench bench;
  for (const std::string_view body :
       {"{}", R"({"id":""})", R"({"id":"Acme"})", R"({"id":"healthz"})", R"({"id":7})",
        R"({"id":"acme","path":"acme"})", R"({"id":"acme","path":"/healthz"})",
        R"({"id":"acme","leeway_seconds":61})", R"({"id":"acme","leeway_seconds":-1})",
        R"({"id":"acme","allow_from":[]})", R"({"id":"acme","allow_from":["10.0.0.0/33"]})",
        R"({"id":"acme","allow_from":"::1"})", R"({"id":"acme","require_match":"yes"})"}) {
    const Answer got = bench.ask("POST", kTeams, body);
    EXPECT_EQ(got.status, 400) << body << ' ' << got.text;
  }
  EXPECT_EQ(bench.ask("POST", kTeams, R"({"id":"default"})").status, 409);
  EXPECT_EQ(bench.revision(), 1U);
}

TEST(TeamApi, AnAddressRestrictionGoesOnlyByNull) {
  Bench bench;
  bench.done("POST", kTeams, R"({"id":"acme","allow_from":["10.0.0.0/8"]})");
  EXPECT_EQ(bench.ask("PATCH", kAcme, R"({"allow_from":[]})").status, 400);
  EXPECT_EQ(bench.done("PATCH", kAcme, R"({"require_exp":true})").at("allow_from").at(0),
            "10.0.0.0/8");
  const auto open = bench.done("PATCH", kAcme, R"({"allow_from":null})");
  EXPECT_TRUE(open.at("allow_from").as_array().empty());
}

TEST(TeamApi, WhatKeepsWorkloadsAwayIsWarnedAbout) {
  Bench bench;
  bench.done("POST", kTeams, R"({"id":"acme"})");
  const auto warned = [&](std::string_view body) {
    const auto answer = bench.done("PATCH", std::string(kAcme) + "?dry_run=true", body);
    EXPECT_EQ(answer.at("dry_run"), true);
    return answer.at("warnings").as_array().size();
  };
  EXPECT_EQ(warned(R"({"path":"/other"})"), 1U);
  EXPECT_EQ(warned(R"({"require_exp":true,"allow_from":["10.0.0.0/8"]})"), 2U);
  EXPECT_EQ(warned(R"({"leeway_seconds":10,"path":"/acme"})"), 0U);
  EXPECT_EQ(bench.revision(), 2U) << "dry runs";
  EXPECT_EQ(bench.ask("PATCH", std::string(kAcme) + "?dry_run=maybe", "{}").status, 400);
}

TEST(TeamApi, AChangeThatChangesNothingMakesNoRevision) {
  Bench bench;
  bench.done("PATCH", "/api/v1/teams/default", R"({"require_match":false})");
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_EQ(bench.records().size(), 1U);
}

TEST(TeamApi, DefaultAndATeamWithGroupsStay) {
  Bench bench;
  EXPECT_EQ(bench.ask("DELETE", "/api/v1/teams/default").status, 403);
  bench.done("POST", kTeams, R"({"id":"acme"})");
  bench.done("PUT", "/api/v1/teams/acme/groups/g", R"({"secrets":{"variables":{"A":"1"}}})");
  EXPECT_EQ(bench.ask("DELETE", kAcme).code(), "team_not_empty");
  bench.done("DELETE", "/api/v1/teams/acme/groups/g");
  EXPECT_EQ(bench.ask("DELETE", kAcme).status, 200);
}

}  // namespace
}  // namespace sutler::admin::test
