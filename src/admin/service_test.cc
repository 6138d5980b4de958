#include "admin/service.h"

#include "admin/routes.h"
#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kForeignJwt =
    "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJwcm9qZWN0SWQiOiJwIn0.c2lnbmF0dXJl";

// The pattern with something in the places of `{…}`.
std::string path_of(const Route& route) {
  std::string path;
  bool inside = false;
  for (const char c : route.pattern) {
    if (c == '{') path += "default";
    inside = c == '{' || (inside && c != '}');
    if (!inside && c != '}') path += c;
  }
  return path;
}

TEST(Service, NoEndpointAnswersWithoutCredentials) {
  Bench bench;
  for (const Route& route : all_routes()) {
    const std::string path = path_of(route);
    if (route.method == "POST" && path == "/api/v1/session") continue;  // takes them in its body
    const bool open = route.right == Right::kOpen;
    const std::string_view body = open ? "" : "{}";
    for (const std::string_view wrong :
         {std::string_view(), std::string_view("Bearer x"), kForeignJwt,
          std::string_view("Bearer "),
          std::string_view("Basic owner-token-for-tests-0123456789")}) {
      const Answer got = bench.ask_tcp(wrong, route.method, path, body);
      EXPECT_EQ(got.status, open ? 200 : 401) << route.method << ' ' << path << ' ' << wrong;
      EXPECT_EQ(got.fields.contains("WWW-Authenticate: Bearer\r\n"), !open) << path;
    }
    if (route.pattern == "/metrics") continue;  // open to who stands on this machine
    const Answer stranger = bench.ask_as(1000, route.method, path, body);
    EXPECT_EQ(stranger.status, open ? 200 : 403) << route.method << ' ' << path;
  }
  EXPECT_EQ(bench.revision(), 1U);
}

TEST(Service, EveryPathRefusesAMethodThatItDoesNotHave) {
  Bench bench;
  for (const Route& route : all_routes()) {
    const Answer got = bench.ask("TRACE", path_of(route));
    EXPECT_EQ(got.status, 405) << route.pattern;
    EXPECT_EQ(got.code(), "method_not_allowed");
    EXPECT_TRUE(got.fields.contains("Allow: ")) << got.fields;
    EXPECT_TRUE(got.fields.contains(route.method)) << route.pattern << ' ' << got.fields;
  }
  const Answer teams = bench.ask("PUT", "/api/v1/teams");
  EXPECT_TRUE(teams.fields.contains("Allow: GET, HEAD, POST, OPTIONS\r\n")) << teams.fields;
}

TEST(Service, EveryOtherPathIsNotThere) {
  Bench bench;
  for (const std::string_view path :
       {"/", "/api", "/api/v1", "/api/v1/", "/api/v1/teams/", "/api/v1/status/", "/api/v1/team",
        "/api/v1/teams/default/groups/a/b", "/api/v1/teams//groups", "//api/v1/status",
        "/api/v2/status", "/metrics/", "/api/v1/teams/%zz/groups"}) {
    EXPECT_EQ(bench.ask("GET", path).status, 404) << path;
    EXPECT_EQ(bench.ask_tcp("", "GET", path).status, 404) << path;
  }
}

TEST(Service, EveryEndpointRefusesAParameterThatItDoesNotKnow) {
  Bench bench;
  for (const Route& route : all_routes()) {
    const Answer got = bench.ask(route.method, path_of(route) + "?surprise=1", "{}");
    EXPECT_EQ(got.status, 400) << route.pattern;
    EXPECT_TRUE(got.detail().contains("surprise")) << got.text;
  }
}

TEST(Service, EveryBodyRefusesAMemberThatItDoesNotKnow) {
  Bench bench;
  for (const Route& route : all_routes()) {
    if (route.body == Body::kNone) {
      EXPECT_EQ(bench.ask(route.method, path_of(route), "{}").status, 400) << route.pattern;
      continue;
    }
    const Answer wrong = bench.ask(route.method, path_of(route), "[1]");
    EXPECT_EQ(wrong.status, 400) << route.pattern;
    EXPECT_EQ(bench.ask(route.method, path_of(route), R"({"a":1,"a":2})").status, 400);
  }
  const Answer team = bench.ask("POST", "/api/v1/teams", R"({"id":"acme","surprise":1})");
  EXPECT_EQ(team.status, 400);
  EXPECT_TRUE(team.detail().contains("surprise")) << team.text;
}

TEST(Service, TheOwnerTokenOpensTcpAndNothingElseDoes) {
  Bench bench;
  EXPECT_EQ(bench.ask_tcp(kBearer, "GET", "/api/v1/status").status, 200);
  EXPECT_EQ(
      bench.ask_tcp("bEARER owner-token-for-tests-0123456789", "GET", "/api/v1/status").status,
      200);
  for (const std::string wrong :
       {"owner-token-for-tests-0123456789", "Bearer", "Bearer  ",
        "Bearerowner-token-for-tests-0123456789", "Bearer owner-token-for-tests-012345678",
        "Bearer owner-token-for-tests-01234567890"}) {
    EXPECT_EQ(bench.ask_tcp(wrong, "GET", "/api/v1/status").status, 401) << wrong;
  }
}

TEST(Service, WithoutAnOwnerTokenNobodyGetsInByTcp) {
  Access access(AccessOptions{});
  http::Request request;
  request.has_authorization = true;
  const auto judge = [&] { return access.judge(request, Door::kAdmin, {}, {}); };
  request.authorization = "Bearer ";
  EXPECT_FALSE(judge());
  request.authorization = "Bearer x";
  EXPECT_FALSE(judge());
  request.peer_uid = 0;
  EXPECT_FALSE(judge()) << "a token that is shown decides, on the socket too";
  request.has_authorization = false;
  EXPECT_EQ(judge().value().name, "uid:0");
}

TEST(Service, AForeignHostIsMisdirectedOnTcpOnly) {
  Bench bench;
  for (const std::string_view host :
       {"localhost", "LocalHost:80", "127.0.0.1:8081", "[::1]:8081"}) {
    EXPECT_EQ(bench.ask_tcp(kBearer, "GET", "/api/v1/status", {}, host).status, 200) << host;
  }
  for (const std::string_view host :
       {"evil.example", "localhost.evil.example:8081", "", "127.0.0.2", "[::2]", "[::1"}) {
    EXPECT_EQ(bench.ask_tcp(kBearer, "GET", "/api/v1/status", {}, host).status, 421) << host;
    EXPECT_EQ(bench.ask_tcp("", "GET", "/livez", {}, host).status, 200) << host;
  }
  EXPECT_EQ(bench.ask("GET", "/api/v1/status").status, 200);
}

TEST(Service, ADenialHasOneRecordAndAFloodFewMore) {
  Bench bench;
  EXPECT_EQ(bench.ask_tcp("Bearer wrong-token", "DELETE", "/api/v1/teams/acme").status, 401);
  EXPECT_EQ(bench.ask_as(1000, "GET", "/api/v1/status").status, 403);
  auto records = bench.records();
  ASSERT_EQ(records.size(), 2U);
  EXPECT_EQ(records[0].at("event"), "admin.denied");
  EXPECT_EQ(records[0].at("outcome"), "denied");
  EXPECT_EQ(records[0].at("reason"), "bad_token");
  EXPECT_EQ(records[0].at("remote"), "192.0.2.7");
  EXPECT_EQ(records[1].at("reason"), "uid_not_trusted");
  EXPECT_EQ(records[1].at("operator"), "uid:1000");
  EXPECT_FALSE(bench.audit_text().contains("wrong-token"));

  for (int i = 0; i < 59; ++i) static_cast<void>(bench.ask_tcp("", "GET", "/api/v1/status"));
  EXPECT_EQ(bench.records().size(), 11U);
  bench.clock().set(bench.clock().now() + std::chrono::seconds(1));
  bench.service().tick();
  records = bench.records();
  ASSERT_EQ(records.size(), 12U);
  EXPECT_EQ(records[11].at("count"), 50);
}

TEST(Service, WhatTheGateRefusedIsRecordedByItsStatus) {
  Bench bench;
  bench.service().refused("192.0.2.9", 431, "whatever it says");
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].at("event"), "http.refused");
  EXPECT_EQ(records[0].at("reason"), "header_too_large");
}

TEST(Service, WhoIsNobodyIsRefusedBeforeTheBodyIsTaken) {
  Bench bench;
  const auto early = [&](std::string_view authorization, std::string_view host, int uid) {
    const http::Field fields[] = {{"HOST", host}};
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/apply";
    request.fields = fields;
    request.authorization = authorization;
    request.has_authorization = !authorization.empty();
    request.remote = uid < 0 ? "192.0.2.7" : "unix";
    request.peer_uid = uid;
    request.id = "0123456789abcdef";
    const auto refusal = bench.service().refuse_before_body(request);
    return refusal ? refusal->status : 0;
  };
  EXPECT_EQ(early("", "localhost", -1), 401);
  EXPECT_EQ(early("Bearer wrong", "localhost", -1), 401);
  EXPECT_EQ(early(kBearer, "elsewhere.example", -1), 421);
  EXPECT_EQ(early("", "", 12345), 403);
  EXPECT_EQ(bench.records().size(), 3U);  // as denials; a wrong Host is none
  EXPECT_EQ(early(kBearer, "localhost", -1), 0);
  EXPECT_EQ(early("", "", 0), 0);
  EXPECT_EQ(bench.revision(), 1U);
}

TEST(Service, TellsHowItIs) {
  Bench bench;
  const auto status = bench.done("GET", "/api/v1/status");
  EXPECT_EQ(status.at("version"), "0.0-test");
  EXPECT_EQ(status.at("revision"), 1);
  EXPECT_EQ(status.at("teams"), 1);
  EXPECT_EQ(status.at("groups"), 0);
  EXPECT_EQ(status.at("ready"), true);
  EXPECT_EQ(status.at("integrity"), "ok");
  EXPECT_EQ(status.at("audit").at("public_key"),
            bench.done("GET", "/api/v1/audit/key").at("public_key"));
  EXPECT_EQ(bench.ask("HEAD", "/api/v1/status").status, 200);
  bench.make_unready();
  const Answer ready = bench.ask("GET", "/readyz");
  EXPECT_EQ(ready.status, 503);
  EXPECT_EQ(ready.code(), "not_ready");
  EXPECT_EQ(bench.ask("GET", "/livez").text, R"({"status":"ok"})");
}

}  // namespace
}  // namespace sutler::admin::test
