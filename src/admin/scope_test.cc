// What somebody with scopes and without `reveal` learns of a group that he may not see: nothing.
#include <gtest/gtest.h>

#include <tuple>

#include "admin/test_support.h"
#include "admin/workload_json.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kMine = R"("scopes":[{"groups":["mine-*"],"projects":["pay"]}])";

// A team of which project `pay` has a group that its operators do not see, and a workload that
// fetched.
class Scoped : public ::testing::Test {
 protected:
  Scoped() {
    registry::Record record;
    record.workload = {"default", "pay", "api", "service"};
    record.count = 1;
    bench_.registry().restore(std::move(record));
    bench_.done("POST", "/api/v1/apply",
                apply_json({group_json("hidden-db",
                                       R"({"DB_PIN":"4711","HOST":"h0",)"
                                       R"("CONN":{"template":"pg://${HOST}/${DB_PIN}"}})",
                                       R"(,"priority":10,"requiredKeys":["HOST"],)"
                                       R"("restrictions":{"projects":["pay"]})")}));
  }
  std::string bearer(std::string_view name, std::string_view role, std::string_view scopes) {
    bench_.done("POST", "/api/v1/operators",
                R"({"name":")" + std::string(name) + R"(","role":")" + std::string(role) + "\"," +
                    std::string(scopes) + "}");
    const auto made =
        bench_.done("POST", "/api/v1/operators/" + std::string(name) + "/tokens", "{}");
    return "Bearer " + json::value_to<std::string>(made.at("token"));
  }
  static std::string mine(std::string_view variables) {
    return group_json("mine-x", variables,
                      R"(,"priority":100,"restrictions":{"projects":["pay"]})");
  }
  Bench bench_;
};

TEST_F(Scoped, AGuessOfAHiddenValueIsToldNothingAndLeavesARecord) {
  const std::string ed = bearer("ed", "editor", kMine);
  std::vector<std::string> told;
  for (const char* guess : {"1234", "4711"}) {
    const Answer got =
        bench_.ask_tcp(ed, "POST", "/api/v1/impact",
                       apply_json({mine(R"({"DB_PIN":")" + std::string(guess) + R"("})")}));
    ASSERT_EQ(got.status, 200) << got.text;
    EXPECT_EQ(got.at("/impact/limited"), true);
    told.push_back(got.text);
    const auto record = bench_.records().back();
    EXPECT_EQ(record.at("event"), "change.try");
    EXPECT_EQ(json::serialize(record.at("keys")), R"(["DB_PIN"])");
    EXPECT_EQ(record.at("operator"), "ed");
  }
  EXPECT_EQ(told.front(), told.back());
  EXPECT_FALSE(told.front().contains("hidden-db")) << told.front();
  EXPECT_FALSE(told.front().contains("CONN")) << told.front();
}

TEST_F(Scoped, ADryRunOfWhoMaySeeNoValuesLeavesARecordAndOfOthersNone) {
  const std::string ed = bearer("ed", "editor", kMine);
  const std::string seer = bearer("seer", "editor", R"("reveal":true)");
  const std::string path = "/api/v1/teams/default/groups/mine-x?dry_run=true";
  ASSERT_EQ(bench_.ask_tcp(ed, "PUT", path, mine(R"({"A":"1"})")).status, 200);
  const auto records = bench_.records();
  EXPECT_EQ(records.back().at("event"), "change.try");
  EXPECT_EQ(json::serialize(records.back().at("keys")), R"(["A"])");
  ASSERT_EQ(bench_.ask_tcp(seer, "PUT", path, mine(R"({"A":"1"})")).status, 200);
  EXPECT_EQ(bench_.records().size(), records.size());
}

TEST_F(Scoped, ATeamThatRefusesIsAskedOfAllThatAWorkloadGets) {
  bench_.done("PATCH", "/api/v1/teams/default", R"({"impact":"refuse"})");
  bench_.done("PUT", "/api/v1/teams/default/groups/mine-x", mine(R"({"A":"1"})"));
  bench_.done("PUT", "/api/v1/teams/default/groups/hidden-t",
              group_json("hidden-t", R"({"T":{"template":"${A}"}})",
                         R"(,"restrictions":{"projects":["pay"]})"));
  const std::string ed = bearer("ed", "editor", kMine);
  const Answer got = bench_.ask_tcp(ed, "DELETE", "/api/v1/teams/default/groups/mine-x");
  EXPECT_EQ(got.status, 409);
  EXPECT_EQ(got.at("/impact/refused"), true);
  EXPECT_FALSE(got.text.contains("hidden-t")) << got.text;
}

// A workload of project `pay` that got both groups, and one that was deleted since.
class ScopedFetches : public Scoped {
 protected:
  ScopedFetches() {
    bench_.done("PUT", "/api/v1/teams/default/groups/mine-x", mine(R"({"A":"1"})"));
    bench_.done(
        "PUT", "/api/v1/teams/default/groups/hidden-gone",
        group_json("hidden-gone", R"({"GONE":"1"})", R"(,"restrictions":{"projects":["pay"]})"));
    bench_.done("DELETE", "/api/v1/teams/default/groups/hidden-gone");
    registry::Record record;
    record.workload = {"default", "pay", "api", "service"};
    record.count = 1;
    record.first_seen = record.last_seen = bench_.clock().now();
    const std::pair<const char*, const char*> got[] = {
        {"hidden-db", "DB_PIN"}, {"hidden-gone", "GONE"}, {"mine-x", "A"}};
    for (const auto& [group, key] : got) {
      registry::Received row;
      row.what = bench_.registry().key_list(group, std::string(key) + std::string(1, '\0'));
      row.version = row.version_last = 1;
      row.in_last_bundle = true;
      record.received.push_back(std::move(row));
    }
    bench_.registry().restore(std::move(record));
    bench_.done("PATCH", "/api/v1/teams/default/groups/mine-x", R"({"variables":{"A":"2"}})");
    bench_.done("PATCH", "/api/v1/teams/default/groups/hidden-db",
                R"({"variables":{"DB_PIN":"4712"}})");
  }
};

TEST_F(ScopedFetches, WorkloadsAndDriftNameNoHiddenGroupNorItsKeys) {
  const std::string vw = bearer("vw", "viewer", kMine);
  const std::string id = workload_id({"default", "pay", "api", "service"});
  for (const std::string& path : {std::string("/api/v1/workloads"), "/api/v1/workloads/" + id,
                                  std::string("/api/v1/drift")}) {
    const Answer got = bench_.ask_tcp(vw, "GET", path);
    EXPECT_EQ(got.status, 200) << path;
    EXPECT_TRUE(got.text.contains("mine-x")) << path << got.text;
    EXPECT_FALSE(got.text.contains("hidden") || got.text.contains("DB_PIN")) << path << got.text;
    EXPECT_TRUE(bench_.ask("GET", path).text.contains("hidden-db")) << path;
  }
}

TEST_F(ScopedFetches, AFilterDoesNotFindWhatAHiddenGroupGave) {
  const std::string vw = bearer("vw", "viewer", kMine);
  const auto total = [&](const std::string& query) {
    const Answer got = bench_.ask_tcp(vw, "GET", "/api/v1/" + query);
    return got.status == 404 ? 0 : got.at("/total").to_number<int>();
  };
  for (const std::string list : {"workloads", "drift"}) {
    EXPECT_EQ(total(list + "?key=A"), 1) << list;
    for (const char* query :
         {"?key=DB_PIN", "?group=hidden-db", "?key=GONE", "?group=hidden-gone"}) {
      EXPECT_EQ(total(list + query), 0) << list << query;
    }
  }
}

TEST_F(ScopedFetches, AGuessInAGroupOfOnesOwnIsToldNothingByDriftAndDiff) {
  bench_.done("PUT", "/api/v1/teams/default/groups/mine-y",
              group_json("mine-y", R"({"PIN":"4711"})", R"(,"restrictions":{"projects":["pay"]})"));
  registry::Record record;
  record.workload = {"default", "pay", "web", "service"};
  record.count = 1;
  registry::Received row;
  row.what = bench_.registry().key_list("mine-y", std::string("PIN") + '\0');
  row.version = row.version_last = 1;
  row.in_last_bundle = true;
  record.received.push_back(std::move(row));
  bench_.registry().restore(std::move(record));
  const std::string ed = bearer("ed", "editor", kMine);
  const std::string seer = bearer("seer", "editor", R"("reveal":true)");
  const auto told = [&](const std::string& who) {
    const Answer drift = bench_.ask_tcp(who, "GET", "/api/v1/drift?key=PIN&object=web");
    const Answer diff =
        bench_.ask_tcp(who, "GET", "/api/v1/teams/default/groups/mine-x/diff?with=mine-y");
    EXPECT_EQ(drift.status, 200) << drift.text;
    EXPECT_EQ(diff.status, 200) << diff.text;
    const auto names = json::serialize(diff.at("/diff/variables"));
    return std::to_string(drift.at("/total").to_number<int>()) +
           (names.contains(R"({"name":"PIN","change":"changed"})") ? " changed" : " same");
  };
  bench_.done("POST", "/api/v1/apply", apply_json({mine(R"({"PIN":"1234"})")}));
  EXPECT_EQ(told(ed), "1 changed");
  EXPECT_EQ(told(seer), "1 changed");
  bench_.done("POST", "/api/v1/apply", apply_json({mine(R"({"PIN":"4711"})")}));
  EXPECT_EQ(told(ed), "1 changed");
  EXPECT_EQ(told(seer), "0 same");
}

TEST_F(ScopedFetches, ExposureOfADeletedGroupIsForWhoMayKnowOfIt) {
  const std::string au = bearer("au", "auditor", kMine);
  const std::string asked = R"({"group":"hidden-gone","key":"GONE"})";
  EXPECT_FALSE(bench_.ask_tcp(au, "POST", "/api/v1/exposure", asked).text.contains("GONE"));
  EXPECT_TRUE(bench_.ask("POST", "/api/v1/exposure", asked).text.contains("GONE"));
}

TEST_F(ScopedFetches, WhatThereNeverWasIsNotFoundAndNoAllClear) {
  const auto exposure = [&](std::string_view asked) {
    return bench_.ask("POST", "/api/v1/exposure", asked).status;
  };
  EXPECT_EQ(exposure(R"({"group":"hidden-db","key":"NOPE"})"), 404);
  EXPECT_EQ(exposure(R"({"group":"nosuch","key":"A"})"), 404);
  EXPECT_EQ(exposure(R"({"team":"nosuch","group":"mine-x","key":"A"})"), 404);
  EXPECT_EQ(exposure(R"({"operator":"nobody"})"), 404);
  EXPECT_EQ(exposure(R"({"group":"hidden-db","key":"HOST"})"), 200) << "nobody received it";
  EXPECT_EQ(exposure(R"({"group":"hidden-gone","key":"GONE"})"), 200) << "a deleted group";
  const std::string au = bearer("au", "auditor", kMine);
  EXPECT_EQ(exposure(R"({"operator":"au"})"), 200) << "did nothing yet";
  const auto hidden = [&](std::string_view asked) {
    return bench_.ask_tcp(au, "POST", "/api/v1/exposure", asked).status;
  };
  EXPECT_EQ(hidden(R"({"group":"hidden-db","key":"DB_PIN"})"), 404);
  EXPECT_EQ(hidden(R"({"group":"mine-x","key":"A"})"), 200);
  for (const char* query : {"group=nosuch", "team=nosuch"}) {
    EXPECT_EQ(bench_.ask("GET", std::string("/api/v1/drift?") + query).status, 404) << query;
  }
  EXPECT_EQ(bench_.ask("GET", "/api/v1/drift?group=hidden-gone").status, 200);
}

TEST_F(Scoped, OfAVersionOutsideOfTheScopeExposureAndAuditTellNothing) {
  const auto put = [&](std::string_view variables, std::string_view project) {
    bench_.done("POST", "/api/v1/apply",
                apply_json({group_json(
                    "moved", variables,
                    R"(,"restrictions":{"projects":[")" + std::string(project) + R"("]})")}));
  };
  put(R"({"OLDKEY":"oldvalue","K":"samevalue"})", "other");
  put(R"({"K":"samevalue"})", "pay");
  put(R"({"K":"newvalue"})", "pay");
  const std::string au = bearer("au", "auditor", R"("scopes":[{"projects":["pay"]}])");
  const auto keys = [&](std::string_view value) {
    const Answer got = bench_.ask_tcp(au, "POST", "/api/v1/exposure",
                                      R"({"value":")" + std::string(value) + R"("})");
    EXPECT_EQ(got.status, 200) << got.text;
    return json::serialize(got.at("/keys"));
  };
  EXPECT_EQ(keys("oldvalue"), "[]");
  EXPECT_TRUE(keys("samevalue").contains(R"("versions":[2])")) << keys("samevalue");
  const std::string asked = R"({"group":"moved","key":"OLDKEY"})";
  EXPECT_EQ(bench_.ask_tcp(au, "POST", "/api/v1/exposure", asked).status, 404);
  EXPECT_EQ(bench_.ask("POST", "/api/v1/exposure", asked).status, 200);
  const std::string audit = "/api/v1/audit?group=moved&event=group.*";
  EXPECT_TRUE(bench_.ask("GET", audit).text.contains("OLDKEY"));
  const Answer seen = bench_.ask_tcp(au, "GET", audit);
  EXPECT_FALSE(seen.text.contains("OLDKEY")) << seen.text;
  EXPECT_TRUE(seen.text.contains("moved")) << seen.text;
}

TEST_F(Scoped, ATemplateThatNamesAKeyOfAHiddenGroupIsAnsweredAsOneThatNamesNothing) {
  const std::string ed = bearer("ed", "editor", kMine);
  std::vector<std::string> told;
  for (const std::string name : {"DB_PIN", "NOTHIN"}) {
    const Answer got = bench_.ask_tcp(ed, "PUT", "/api/v1/teams/default/groups/mine-x?dry_run=true",
                                      mine(R"({"T":{"template":"${)" + name + R"(}"}})"));
    EXPECT_EQ(got.status, 200) << got.text;
    std::string text = got.text;
    for (std::size_t at; (at = text.find(name)) != std::string::npos;) text.replace(at, 6, "NAME");
    EXPECT_TRUE(text.contains("NAME")) << "a warning: " << text;
    told.push_back(text);
  }
  EXPECT_EQ(told.front(), told.back());
}

TEST_F(Scoped, ATokenInThePlaceOfAnIdOrANameIsNeitherRecordedNorTold) {
  const std::string token = bearer("ed", "editor", kMine).substr(7);
  const std::tuple<const char*, std::string, const char*> wrong[] = {
      {"DELETE", "/api/v1/operators/ed/tokens/" + token, ""},
      {"DELETE", "/api/v1/operators/" + token + "/tokens/0a1b2c3d", ""},
      {"POST", "/api/v1/operators/" + token + "/tokens", "{}"},
      {"DELETE", "/api/v1/operators/" + token, ""},
      {"POST", "/api/v1/operators/" + token + "/disable", ""},
      {"POST", "/api/v1/teams/default/keys/" + token + "/retire", "{}"}};
  for (const auto& [method, path, body] : wrong) {
    const Answer got = bench_.ask(method, path, body);
    EXPECT_EQ(got.status, 404) << method << ' ' << got.text;
    EXPECT_FALSE(got.text.contains(token)) << method;
  }
  const Answer made =
      bench_.ask("POST", "/api/v1/operators", R"({"name":")" + token + R"(","role":"viewer"})");
  EXPECT_EQ(made.status, 400);
  EXPECT_FALSE(made.text.contains(token));
  EXPECT_FALSE(bench_.audit_text().contains(token));
}

TEST_F(Scoped, ARefusedReadLeavesARecord) {
  const std::string ed = bearer("ed", "editor", kMine);
  const auto before = bench_.records().size();
  EXPECT_EQ(bench_.ask_tcp(ed, "GET", "/api/v1/operators").status, 403);
  const auto records = bench_.records();
  ASSERT_EQ(records.size(), before + 1);
  EXPECT_EQ(records.back().at("event"), "admin.denied");
  EXPECT_EQ(records.back().at("operator"), "ed");
  EXPECT_EQ(records.back().at("reason"), "refused");
  EXPECT_EQ(bench_.ask_tcp(ed, "GET", "/api/v1/teams/default/groups/none").status, 404);
  EXPECT_EQ(bench_.records().size(), records.size()) << "what is not there is no denial";
}

TEST_F(Scoped, AnOperatorDoesNotLoseHisScopesByAnOmissionAndAWideningIsTold) {
  static_cast<void>(bearer("ed", "editor", kMine));
  const std::string path = "/api/v1/operators/ed";
  const Answer got = bench_.ask("PUT", path, R"({"role":"editor"})");
  EXPECT_EQ(got.status, 400);
  EXPECT_EQ(got.code(), "scopes_missing");
  EXPECT_TRUE(bench_.ask("GET", path).text.contains("mine-*"));
  const auto warnings = [&](const std::string& body) {
    const Answer put = bench_.ask_with({{"If-Match", "*"}, {"Content-Type", "application/json"}},
                                       "PUT", path, body);
    EXPECT_EQ(put.status, 200) << put.text;
    return json::serialize(put.at("/warnings"));
  };
  const std::string mine_text(kMine);
  EXPECT_EQ(warnings(R"({"role":"editor",)" + mine_text + "}"), "[]");
  EXPECT_TRUE(
      warnings(R"({"role":"editor","scopes":[{"groups":["mine-*"]}]})").contains("further"));
  EXPECT_EQ(warnings(R"({"role":"editor","scopes":[{"groups":["mine-a*"]}]})"), "[]");
  EXPECT_TRUE(warnings(R"({"role":"editor","scopes":null})").contains("no scope limits"));
  EXPECT_TRUE(warnings(R"({"role":"editor","reveal":true})").contains("may see values"));
  EXPECT_TRUE(warnings(R"({"role":"owner"})").contains("an owner"));
}

TEST_F(Scoped, TotalsAndWorkloadsOutsideOfTheScopeAreNotCounted) {
  registry::Record other;
  other.workload = {"default", "shop", "api", "service"};
  bench_.registry().restore(std::move(other));
  const std::string ed = bearer("ed", "editor", kMine);
  const Answer status = bench_.ask_tcp(ed, "GET", "/api/v1/status");
  EXPECT_EQ(status.status, 200);
  EXPECT_FALSE(status.body().as_object().contains("groups"));
  EXPECT_FALSE(status.body().as_object().contains("teams"));
  EXPECT_TRUE(bench_.ask("GET", "/api/v1/status").body().as_object().contains("groups"));
  for (const std::string& group : {mine(R"({"A":"1"})"), std::string()}) {
    const Answer got = bench_.ask_tcp(ed, "POST", "/api/v1/impact",
                                      group.empty() ? apply_json({}) : apply_json({group}));
    EXPECT_EQ(got.at("/impact/workloads_checked"), 1) << got.text;
  }
}

// A group that was another's before it came into the scope.
TEST_F(Scoped, AVersionOutsideOfTheScopeIsNotListedNorBroughtBack) {
  const std::string path = "/api/v1/teams/default/groups/mine-x";
  const auto put = [&](const char* project) {
    const std::string projects =
        R"(,"restrictions":{"projects":[")" + std::string(project) + R"("]})";
    bench_.done("POST", "/api/v1/apply",
                apply_json({group_json("mine-x", R"({"A":"1"})", projects)}));
    return bench_.revision();
  };
  put("vault-project");
  const auto moved = std::to_string(put("pay"));
  const std::string ed = bearer("ed", "editor", kMine);
  const Answer versions = bench_.ask_tcp(ed, "GET", path + "/versions");
  EXPECT_EQ(versions.at("/items").as_array().size(), 1U) << versions.text;
  EXPECT_EQ(bench_.ask("GET", path + "/versions").at("/items").as_array().size(), 2U);
  const Answer back =
      bench_.ask_tcp(ed, "POST", path + "/rollback?dry_run=true", R"({"version":1})");
  EXPECT_EQ(back.status, 404);
  EXPECT_EQ(back.code(), "no_version");
  const Answer undo =
      bench_.ask_tcp(ed, "POST", "/api/v1/revisions/" + moved + "/undo?dry_run=true");
  EXPECT_EQ(undo.status, 403) << undo.text;
  for (const Answer& got : {versions, back, undo}) {
    EXPECT_FALSE(got.text.contains("vault")) << got.text;
  }
}

TEST_F(Scoped, TheHistoryOfACopyForOthersDoesNotNameWhereItCameFrom) {
  bench_.done("POST", "/api/v1/teams/default/groups/hidden-db/copy",
              R"({"to":"mine-x","values":"empty","projects":["shop"]})");
  const auto versions = bench_.done("GET", "/api/v1/teams/default/groups/mine-x/versions");
  EXPECT_FALSE(json::serialize(versions).contains("hidden-db")) << json::serialize(versions);
}

TEST_F(Scoped, AnotherOwnerTokenEndsTheOneBeforeAndItsSessions) {
  const auto login = [&](std::string_view token) {
    return bench_.ask_fields({{"Content-Type", "application/json"}}, "POST", "/api/v1/session",
                             R"({"token":")" + std::string(token) + R"("})");
  };
  const Answer session = login(kOwnerToken);
  const std::size_t at = session.fields.find("Set-Cookie: ") + 12;
  const std::string cookie = session.fields.substr(at, session.fields.find(';', at) - at);
  const auto with_cookie = [&] {
    return bench_.ask_fields({{"Cookie", cookie}}, "GET", "/api/v1/teams").status;
  };
  EXPECT_EQ(with_cookie(), 200);
  bench_.service().take_owner_token(base::Secret(kOwnerToken));
  EXPECT_EQ(with_cookie(), 200) << "it is the same";
  bench_.service().take_owner_token(base::Secret("another-owner-token-for-tests-12"));
  EXPECT_EQ(bench_.records().back().at("event"), "owner_token.replace");
  EXPECT_EQ(with_cookie(), 401);
  EXPECT_EQ(bench_.ask_tcp(kBearer, "GET", "/api/v1/teams").status, 401);
  EXPECT_EQ(
      bench_.ask_tcp("Bearer another-owner-token-for-tests-12", "GET", "/api/v1/teams").status,
      200);
  bench_.service().take_owner_token(base::Secret());
  EXPECT_EQ(
      bench_.ask_tcp("Bearer another-owner-token-for-tests-12", "GET", "/api/v1/teams").status,
      401);
  EXPECT_EQ(bench_.ask_tcp("Bearer ", "GET", "/api/v1/teams").status, 401);
}

}  // namespace
}  // namespace sutler::admin::test
