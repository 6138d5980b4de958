#include "admin/apply.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kApply = "/api/v1/apply";

std::string names(const json::value& answer, std::string_view member) {
  std::string out;
  for (const auto& name : answer.at(member).as_array()) {
    out += (out.empty() ? "" : " ") + json::value_to<std::string>(name);
  }
  return out;
}

TEST(Apply, OneApplyIsOneRevisionAndTheSameAgainIsNone) {
  Bench bench;
  const std::string body =
      apply_json({group_json("a", R"({"A":"1"})"), group_json("b", R"({"B":"2"})")});
  const auto first = bench.done("POST", kApply, body);
  EXPECT_EQ(names(first, "created"), "a b");
  EXPECT_EQ(first.at("revision"), 2);
  const auto again = bench.done("POST", kApply, body);
  EXPECT_EQ(names(again, "unchanged"), "a b");
  EXPECT_EQ(names(again, "created"), "");
  EXPECT_EQ(again.at("revision"), 2);
  const auto mixed =
      bench.done("POST", kApply,
                 apply_json({group_json("a", R"({"A":"1"})"), group_json("b", R"({"B":"3"})"),
                             group_json("c", "{}")}));
  EXPECT_EQ(
      names(mixed, "created") + "|" + names(mixed, "updated") + "|" + names(mixed, "unchanged"),
      "c|b|a");

  const auto records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].at("event"), "group.apply");
  EXPECT_EQ(json::serialize(records[0].at("groups")),
            R"([{"name":"a","version":1},{"name":"b","version":1}])");
  EXPECT_FALSE(records[1].as_object().contains("groups"));
  EXPECT_EQ(json::serialize(records[2].at("groups")),
            R"([{"name":"b","version":2},{"name":"c","version":1}])");
}

TEST(Apply, ADryRunSaysTheSameAndDoesNothing) {
  Bench bench;
  const auto told = bench.done(
      "POST", kApply, apply_json({group_json("a", R"({"NF_X":"1"})")}, R"(,"dry_run":true)"));
  EXPECT_EQ(names(told, "created"), "a");
  EXPECT_FALSE(told.at("warnings").as_array().empty());
  EXPECT_EQ(told.at("revision"), 1);
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_TRUE(bench.records().empty());
  EXPECT_EQ(bench.ask("POST", kApply, R"({"dry_run":true,"groups":[{"x":1}]})").status, 400);
}

TEST(Apply, OneBadGroupStopsAllOfThem) {
  Bench bench;
  const std::string good = group_json("good", R"({"A":"1"})");
  for (const std::string& bad :
       {group_json("bad", R"({"A":{"template":"${A}"}})"), group_json("bad", R"({"A":null})"),
        group_json("bad", R"({"A":{"from":"v","ref":"x"}})"), group_json("good", R"({"B":"1"})"),
        group_json("bad", R"({"A":{"masked":true}})"),
        group_json("bad", R"({"A":{"template":"${"}})"),
        group_json("bad", "{}", R"(,"restrictions":{"projects":[]})")}) {
    const Answer got = bench.ask("POST", kApply, apply_json({good, bad}));
    EXPECT_EQ(got.status, 400) << bad << ' ' << got.text;
  }
  const Answer team =
      bench.ask("POST", kApply, apply_json({good, group_json("bad", "{}", R"(,"team":"nosuch")")}));
  EXPECT_EQ(team.status, 404);
  EXPECT_TRUE(team.detail().contains("nosuch"));
  EXPECT_EQ(bench.revision(), 1U);
}

TEST(Apply, TheBodyMustBeWhatItSays) {
  Bench bench;
  for (const std::string_view body :
       {"{}", R"({"groups":{}})", R"({"groups":[],"surprise":1})",
        R"({"groups":[],"dry_run":"no"})", R"({"groups":[],"managed_by":""})",
        R"({"groups":[],"managed_by":"a b"})", "[]", "x"}) {
    EXPECT_EQ(bench.ask("POST", kApply, body).status, 400) << body;
  }
}

TEST(Apply, PruneTakesAwayWhatItsManagerNoLongerHas) {
  Bench bench;
  const std::string a = group_json("a", R"({"A":"1"})");
  const std::string b = group_json("b", R"({"B":"1"})");
  bench.done("POST", kApply, apply_json({a, b}, R"(,"managed_by":"ci")"));
  bench.done("POST", kApply, apply_json({group_json("mine", "{}")}));
  bench.done("POST", kApply, apply_json({group_json("theirs", "{}")}, R"(,"managed_by":"tf")"));
  const auto plain = bench.done("POST", kApply, apply_json({a}, R"(,"managed_by":"ci")"));
  EXPECT_EQ(names(plain, "deleted"), "");
  const auto pruned =
      bench.done("POST", kApply, apply_json({a}, R"(,"managed_by":"ci","prune":true)"));
  EXPECT_EQ(names(pruned, "deleted"), "b");
  EXPECT_EQ(bench.store().snapshot()->groups.size(), 3U);
  EXPECT_EQ(json::serialize(bench.records().back().at("groups")),
            R"([{"name":"b","version":2,"deleted":true}])");
}

TEST(Apply, PruneStaysInTheTeamsThatTheInputNames) {
  Bench bench;
  bench.done("POST", "/api/v1/teams", R"({"id":"red"})");
  const std::string a = group_json("a", "{}");
  bench.done("POST", kApply,
             apply_json({a, group_json("b", "{}", R"(,"team":"red")")}, R"(,"managed_by":"ci")"));
  const auto plain =
      bench.done("POST", kApply, apply_json({a}, R"(,"managed_by":"ci","prune":true)"));
  EXPECT_EQ(names(plain, "deleted"), "");
  EXPECT_TRUE(json::serialize(plain.at("warnings")).find("does not name stay: 1") !=
              std::string::npos);
  const std::string order = R"(,"managed_by":"ci","prune":true,"prune_teams":)";
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({a}, order + R"(["blue"])")).status, 404);
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({a}, order + "[]")).status, 400);
  const auto pruned = bench.done("POST", kApply, apply_json({a}, order + R"(["red"])"));
  EXPECT_EQ(names(pruned, "deleted"), "b");
}

TEST(Apply, AGroupThatIsNotAtItsExpectedVersionStopsAllOfThem) {
  Bench bench;
  bench.done("POST", kApply, apply_json({group_json("a", R"({"A":"1"})")}));
  const std::string next = group_json("a", R"({"A":"2"})");
  const auto expecting = [&](int version) {
    return apply_json(
        {group_json("b", "{}"), next},
        R"(,"expected":[{"team":"default","name":"a","version":)" + std::to_string(version) + "}]");
  };
  for (const int wrong : {0, 2}) {
    EXPECT_EQ(bench.ask("POST", kApply, expecting(wrong)).status, 409) << wrong;
  }
  EXPECT_EQ(bench.store().snapshot()->groups.size(), 1U);
  EXPECT_EQ(bench.ask("POST", kApply, expecting(1)).status, 200);
  const std::string_view bad[] = {R"({})", R"([1])", R"([{"team":"t"}])",
                                  R"([{"team":"t","name":"n","version":-1}])"};
  for (const auto list : bad) {
    const std::string expected = R"(,"expected":)" + std::string(list);
    EXPECT_EQ(bench.ask("POST", kApply, apply_json({next}, expected)).status, 400) << list;
  }
}

TEST(Apply, AnExpectedVersionCountsForGroupsThatAreNotTouchedToo) {
  Bench bench;
  bench.done(
      "POST", kApply,
      apply_json({group_json("a", "{}"), group_json("old", "{}")}, R"(,"managed_by":"git")"));
  const auto expecting = [&](const std::string& name, int version, const std::string& more) {
    return bench.ask(
        "POST", kApply,
        apply_json({group_json("a", R"({"A":"2"})")},
                   R"(,"managed_by":"git","expected":[{"team":"default","name":")" + name +
                       R"(","version":)" + std::to_string(version) + "}]" + more));
  };
  EXPECT_EQ(expecting("mistyped", 1, "").status, 409);
  EXPECT_EQ(expecting("old", 2, "").status, 409);
  EXPECT_EQ(expecting("no/name", 1, "").status, 400);
  const std::string prune = R"(,"prune":true)";
  EXPECT_EQ(expecting("old", 2, prune).status, 409) << "somebody changed what would be pruned";
  EXPECT_EQ(expecting("old", 1, prune).status, 200);
  EXPECT_EQ(bench.store().snapshot()->groups.size(), 1U);
}

TEST(Apply, TheAnswerNamesTheEntriesThatComeChangeAndGo) {
  Bench bench;
  bench.done("POST", kApply, apply_json({group_json("a", R"({"A":"1","B":"1","C":"1"})")}));
  const auto told =
      bench.done("POST", kApply,
                 apply_json({group_json("a", R"({"A":"1","B":"2","D":"3"})", R"(,"priority":7)")},
                            R"(,"dry_run":true)"));
  EXPECT_EQ(json::serialize(told.at("diff")),
            R"([{"team":"default","name":"a","fate":"updated","added":["D"],"changed":["B"],)"
            R"("removed":["C"],"header_changed":true}])");
}

TEST(Apply, PruneIsRefusedWithoutAManagerOrWithNothingToKeep) {
  Bench bench;
  const std::string a = group_json("a", R"({"A":"1"})");
  bench.done("POST", kApply, apply_json({a}, R"(,"managed_by":"ci")"));
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({a}, R"(,"prune":true)")).status, 400);
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({}, R"(,"prune":true,"managed_by":"ci")")).status,
            400);
  EXPECT_EQ(bench.store().snapshot()->groups.size(), 1U);
}

TEST(Apply, AnotherManagersGroupIsChangedOnlyByTakingItOver) {
  Bench bench;
  bench.done("POST", kApply,
             apply_json({group_json("a", R"({"A":"1"})")}, R"(,"managed_by":"ci")"));
  const std::string next = group_json("a", R"({"A":"2"})");
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({next})).code(), "managed");
  EXPECT_EQ(bench.ask("POST", kApply, apply_json({next}, R"(,"managed_by":"tf")")).status, 403);
  bench.done("POST", kApply, apply_json({next}, R"(,"managed_by":"tf","take_over":true)"));
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/a").at("/managedBy"), "tf");
  const Answer claimed = bench.ask(
      "POST", kApply,
      apply_json({group_json("b", "{}", R"(,"managedBy":"x")")}, R"(,"managed_by":"tf")"));
  EXPECT_EQ(claimed.status, 400);
}

TEST(Apply, AGeneratedSecretStaysWhileItsTextDoes) {
  Bench bench;
  const std::string body =
      apply_json({group_json("a", R"({"A":{"template":"${fn.randomSecret(32)}"}})")});
  bench.done("POST", kApply, body);
  const std::string ask = R"({"project":"p","object":"o","type":"service"})";
  const Answer before = bench.ask("POST", "/api/v1/teams/default/bundle", ask);
  EXPECT_EQ(names(bench.done("POST", kApply, body), "unchanged"), "a");
  bench.done("PATCH", "/api/v1/teams/default/groups/a", R"({"variables":{"B":"1"}})");
  const Answer after = bench.ask("POST", "/api/v1/teams/default/bundle", ask);
  EXPECT_EQ(before.at("/secrets/0/value"), after.at("/secrets/0/value"));
}

TEST(Apply, GroupsOfSeveralTeamsAreRecordedWithTheirTeams) {
  Bench bench;
  bench.done("POST", "/api/v1/teams", R"({"id":"acme"})");
  bench.done("POST", kApply,
             apply_json({group_json("a", "{}"), group_json("a", "{}", R"(,"team":"acme")")}));
  const auto record = bench.records().back();
  EXPECT_FALSE(record.as_object().contains("team"));
  EXPECT_EQ(
      json::serialize(record.at("groups")),
      R"([{"team":"default","name":"a","version":1},{"team":"acme","name":"a","version":1}])");
}

}  // namespace
}  // namespace sutler::admin::test
