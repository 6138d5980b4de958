#include "admin/operator_api.h"

#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kOperators = "/api/v1/operators";

std::string text_of(const json::value& tree, const char* pointer) {
  return json::value_to<std::string>(tree.at_pointer(pointer));
}

// Makes an operator with a token; gives "Bearer …".
std::string bearer_of(Bench& bench, std::string_view name, std::string_view members,
                      std::string_view token = "{}") {
  bench.done("POST", kOperators,
             R"({"name":")" + std::string(name) + R"(",)" + std::string(members) + "}");
  const auto made =
      bench.done("POST", std::string(kOperators) + "/" + std::string(name) + "/tokens", token);
  return "Bearer " + text_of(made, "/token");
}

TEST(Operators, ATokenOpensWhatItsOperatorMayAndIsShownOnce) {
  Bench bench;
  const std::string alice = bearer_of(bench, "alice", R"("role":"viewer")");
  EXPECT_EQ(alice.size(), std::string_view("Bearer sut_").size() + 43);
  const Answer me = bench.ask_tcp(alice, "GET", "/api/v1/session");
  EXPECT_EQ(me.status, 200);
  EXPECT_EQ(me.at("/name"), "alice");
  EXPECT_EQ(me.at("/by"), "token");
  EXPECT_EQ(bench.ask_tcp(alice, "GET", "/api/v1/teams").status, 200);
  EXPECT_EQ(bench.ask_tcp(alice, "GET", kOperators).status, 403);
  EXPECT_EQ(
      bench.ask_tcp(alice, "PUT", "/api/v1/teams/default/groups/g", group_json("g", "{}")).status,
      403);
  const std::string secret = alice.substr(7);
  for (const std::string_view path : {"/api/v1/operators", "/api/v1/operators/alice/tokens"}) {
    EXPECT_FALSE(bench.ask("GET", path).text.contains(secret));
  }
  EXPECT_FALSE(bench.audit_text().contains(secret));
  EXPECT_EQ(bench.ask_tcp(alice + "x", "GET", "/api/v1/teams").status, 401);
  EXPECT_EQ(bench.ask_tcp(alice.substr(0, alice.size() - 1), "GET", "/api/v1/teams").status, 401);
}

TEST(Operators, ExpiryRevocationDisablingAndRemovalEndATokenAtOnce) {
  Bench bench;
  const std::string expiring =
      bearer_of(bench, "a", R"("role":"viewer")", R"({"expires_seconds":60})");
  const std::string revoked = bearer_of(bench, "b", R"("role":"viewer")");
  const std::string disabled = bearer_of(bench, "c", R"("role":"viewer")");
  const std::string removed = bearer_of(bench, "d", R"("role":"viewer")");
  const auto status = [&](const std::string& bearer) {
    return bench.ask_tcp(bearer, "GET", "/api/v1/status").status;
  };
  for (const auto& one : {expiring, revoked, disabled, removed}) EXPECT_EQ(status(one), 200);
  bench.clock().set(bench.clock().now() + std::chrono::seconds(60));
  EXPECT_EQ(status(expiring), 401);
  const auto tokens = bench.done("GET", "/api/v1/operators/b/tokens");
  EXPECT_EQ(tokens.at_pointer("/items/0/last_used"), "2027-01-15T08:00:00.000000Z");
  bench.done("DELETE", "/api/v1/operators/b/tokens/" + text_of(tokens, "/items/0/id"));
  EXPECT_EQ(status(revoked), 401);
  bench.done("POST", "/api/v1/operators/c/disable");
  EXPECT_EQ(status(disabled), 401);
  EXPECT_EQ(bench.ask("POST", "/api/v1/operators/c/tokens", "{}").status, 403);
  bench.done("POST", "/api/v1/operators/c/enable");
  EXPECT_EQ(status(disabled), 401) << "it does not come back";
  bench.done("DELETE", "/api/v1/operators/d");
  EXPECT_EQ(status(removed), 401);
  EXPECT_EQ(bench.ask("DELETE", "/api/v1/operators/b/tokens/00000000").status, 404);
}

TEST(Operators, EveryChangeHasOneRecordAndNamesTheToken) {
  Bench bench;
  const std::string owner = bearer_of(bench, "root", R"("role":"owner")");
  EXPECT_EQ(bench.ask_tcp(owner, "PATCH", "/api/v1/operators/root", R"({"reveal":true})").status,
            200);
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[0].at("event"), "operator.create");
  EXPECT_EQ(records[0].at("keys").at(0), "root");
  EXPECT_EQ(records[1].at("event"), "token.create");
  EXPECT_EQ(records[2].at("event"), "operator.update");
  EXPECT_EQ(records[2].at("operator"), "root");
  EXPECT_EQ(records[2].at("key_id"), records[1].at("key_id"));
}

TEST(Operators, WhatIsDoubtfulIsRefusedOrWarnedAbout) {
  Bench bench;
  for (const std::string_view wrong :
       {R"({"name":"a"})", R"({"role":"viewer"})", R"({"name":"a","role":"root"})",
        R"({"name":"uid:0","role":"viewer"})", R"({"name":"a","role":"viewer","scopes":[]})",
        R"({"name":"a","role":"viewer","scopes":[{}]})",
        R"({"name":"a","role":"viewer","scopes":[{"projects":[]}]})",
        R"({"name":"a","role":"viewer","scopes":[{"project":["p"]}]})",
        R"({"name":"a","role":"owner","scopes":[{"projects":["p"]}]})",
        R"({"name":"a","role":"viewer","tokens":1})",
        R"({"name":"a","role":"viewer","reveal":1})"}) {
    EXPECT_EQ(bench.ask("POST", kOperators, wrong).status, 400) << wrong;
  }
  bench.done("POST", kOperators, R"({"name":"a","role":"owner"})");
  EXPECT_EQ(bench.ask("POST", kOperators, R"({"name":"a","role":"owner"})").status, 409);
  const auto last = bench.done("POST", "/api/v1/operators/a/disable");
  EXPECT_EQ(last.at("warnings").as_array().size(), 1U);
  const std::uint64_t revision = bench.revision();
  bench.done("POST", "/api/v1/operators/a/disable");
  EXPECT_EQ(bench.revision(), revision) << "nothing changed";
}

TEST(Operators, WrongTokensAreSlowedDownAndARightOneIsNot) {
  Bench bench(model::WeakKeys::kRefuse, 3);
  const std::string alice = bearer_of(bench, "alice", R"("role":"viewer")");
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(bench.ask_tcp("Bearer sut_wrong", "GET", "/api/v1/status").status, 401);
  }
  const Answer slow = bench.ask_tcp("Bearer sut_wrong", "GET", "/api/v1/status");
  EXPECT_EQ(slow.status, 429);
  EXPECT_TRUE(slow.fields.contains("Retry-After: ")) << slow.fields;
  EXPECT_EQ(bench.ask_tcp(alice, "GET", "/api/v1/status").status, 200);
  EXPECT_EQ(bench.ask_tcp("", "GET", "/api/v1/status").status, 401) << "nothing was guessed";
  bench.clock().set(bench.clock().now() + std::chrono::seconds(60));
  EXPECT_EQ(bench.ask_tcp("Bearer sut_wrong", "GET", "/api/v1/status").status, 401);
}

TEST(Operators, RootWithAScopedTokenOnTheSocketIsNoOwner) {
  Bench bench;
  const std::string alice = bearer_of(bench, "alice", R"("role":"viewer")");
  EXPECT_EQ(bench.ask_socket_with(alice, "GET", kOperators).status, 403);
  EXPECT_EQ(bench.ask_socket_with("Bearer wrong", "GET", kOperators).status, 401);
}

TEST(Scopes, AGroupNeverLeavesItsScopeByAnyWay) {
  Bench bench;
  const std::string ci = bearer_of(
      bench, "ci",
      R"("role":"editor","scopes":[{"projects":["pay"],"groups":["web-*"],"priority_max":20}])");
  const std::string own = R"(,"restrictions":{"projects":["pay"]},"priority":20)";
  const auto put = [&](std::string_view name, std::string_view members) {
    return bench
        .ask_tcp(ci, "PUT", "/api/v1/teams/default/groups/" + std::string(name),
                 group_json(name, R"({"A":"1"})", members))
        .status;
  };
  EXPECT_EQ(put("web-1", own), 201);
  EXPECT_EQ(put("api", own), 403) << "another name";
  EXPECT_EQ(put("web-2", R"(,"priority":20)"), 403) << "for everybody";
  EXPECT_EQ(put("web-1", R"(,"restrictions":{"projects":["pay","shop"]})"), 403);
  EXPECT_EQ(put("web-1", R"(,"restrictions":{"projects":["pa*"]})"), 403);
  EXPECT_EQ(put("web-1", R"(,"restrictions":{"projects":["pay"]},"priority":21)"), 403);
  EXPECT_EQ(put("web-1", own + R"(,"type":"config")"), 403) << "its values could then be read";
  bench.done("PUT", "/api/v1/teams/default/groups/web-3",
             group_json("web-3", R"({"S":"x"})", R"(,"restrictions":{"projects":["shop"]})"));
  EXPECT_EQ(put("web-3", own), 403) << "it may not be pulled into the scope";
  for (const std::string_view method : {"GET", "DELETE", "PATCH"}) {
    const Answer got = bench.ask_tcp(ci, method, "/api/v1/teams/default/groups/web-3",
                                     method == "PATCH" ? R"({"variables":{"S":"y"}})" : "");
    EXPECT_EQ(got.status, 404) << method << " is as if it were not there";
    EXPECT_FALSE(got.text.contains("shop")) << got.text;
  }
  const Answer probe = bench.ask_tcp(ci, "GET", "/api/v1/groups?name=web-3");
  EXPECT_EQ(probe.text, R"({"items":[]})") << "nor is it found";
  const auto list = bench.ask_tcp(ci, "GET", "/api/v1/teams/default/groups").at("/items");
  ASSERT_EQ(list.as_array().size(), 1U);
  EXPECT_EQ(list.at_pointer("/0/name"), "web-1");
}

TEST(Scopes, AnApplyOutOfScopeChangesNothingAndADryRunTellsNothing) {
  Bench bench;
  const std::string ci =
      bearer_of(bench, "ci", R"("role":"editor","scopes":[{"projects":["pay"]}])");
  const std::string_view own = R"(,"restrictions":{"projects":["pay"]})";
  const std::string_view other = R"(,"restrictions":{"projects":["shop"]})";
  bench.done("PUT", "/api/v1/teams/default/groups/hidden?managed_by=ci",
             group_json("hidden", R"({"A":"1"})", other));
  bench.done("PUT", "/api/v1/teams/default/groups/mine?managed_by=ci",
             group_json("mine", R"({"B":"1"})", own));
  const auto apply = [&](std::initializer_list<std::string> groups, std::string_view members) {
    return bench.ask_tcp(ci, "POST", "/api/v1/apply", apply_json(groups, members));
  };
  const Answer spans = apply({group_json("a", "{}", own), group_json("b", "{}", other)}, "");
  EXPECT_EQ(spans.status, 403);
  EXPECT_EQ(spans.code(), "out_of_scope");
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/a").status, 404);
  const Answer probe = apply({group_json("hidden", R"({"A":"1"})", own)}, R"(,"dry_run":true)");
  EXPECT_EQ(probe.status, 403);
  EXPECT_FALSE(probe.text.contains("shop")) << probe.text;
  // The same key at the same priority elsewhere is warned about, unless it may not be seen.
  const Answer pruned =
      apply({group_json("new", R"({"A":"2"})", own)}, R"(,"prune":true,"managed_by":"ci")");
  EXPECT_EQ(pruned.status, 200) << pruned.text;
  EXPECT_FALSE(pruned.text.contains("hidden")) << pruned.text;
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/hidden").status, 200);
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/mine").status, 404);
  const Answer team = apply({R"({"name":"x","team":"nowhere","secrets":{"variables":{}}})"}, "");
  EXPECT_EQ(team.status, 404);
}

TEST(Scopes, PruningStopsAtAGroupThatMayBeSeenButNotWritten) {
  Bench bench;
  const std::string ci =
      bearer_of(bench, "ci", R"("role":"editor","scopes":[{"projects":["pay"]}])");
  bench.done("PUT", "/api/v1/teams/default/groups/shared?managed_by=ci",
             group_json("shared", "{}", R"(,"restrictions":{"projects":["pay","shop"]})"));
  const std::string_view own = R"(,"restrictions":{"projects":["pay"]})";
  const Answer got = bench.ask_tcp(
      ci, "POST", "/api/v1/apply",
      apply_json({group_json("new", "{}", own)}, R"(,"prune":true,"managed_by":"ci")"));
  EXPECT_EQ(got.status, 403) << got.text;
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/shared").status, 200);
}

TEST(Scopes, ABundleNeedsRevealOnEachGroupThatContributes) {
  Bench bench;
  const std::string_view own = R"(,"restrictions":{"projects":["pay"]})";
  bench.done("PUT", "/api/v1/teams/default/groups/own", group_json("own", R"({"A":"1"})", own));
  const std::string scope = R"(,"scopes":[{"projects":["pay"]}])";
  const std::string viewer = bearer_of(bench, "v", R"("role":"viewer")" + scope);
  const std::string revealing = bearer_of(bench, "r", R"("role":"viewer","reveal":true)" + scope);
  const std::string_view who = R"({"project":"pay","object":"api","type":"service"})";
  const std::string_view revealed =
      R"({"project":"pay","object":"api","type":"service","reveal":true})";
  const auto ask = [&](const std::string& bearer, std::string_view what, std::string_view body) {
    return bench.ask_tcp(bearer, "POST", "/api/v1/teams/default/" + std::string(what), body).status;
  };
  EXPECT_EQ(ask(viewer, "explain", who), 200);
  EXPECT_EQ(ask(viewer, "explain", revealed), 403);
  EXPECT_EQ(ask(viewer, "bundle", who), 403);
  EXPECT_EQ(ask(revealing, "bundle", who), 200);
  EXPECT_EQ(ask(revealing, "explain", revealed), 200);
  EXPECT_EQ(ask(revealing, "explain", R"({"project":"shop","object":"api","type":"service"})"),
            403);
  bench.done("PUT", "/api/v1/teams/default/groups/all", group_json("all", R"({"B":"2"})"));
  EXPECT_EQ(ask(revealing, "bundle", who), 403) << "values for everybody are not his to see";
  EXPECT_EQ(ask(revealing, "explain", who), 200);
  EXPECT_EQ(bench.ask_tcp(revealing, "GET", "/api/v1/teams/default/groups/own?reveal=true").status,
            200);
  EXPECT_EQ(bench.ask_tcp(viewer, "GET", "/api/v1/teams/default/groups/own?reveal=true").status,
            403);
}

}  // namespace
}  // namespace sutler::admin::test
