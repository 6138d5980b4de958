#include "admin/session_api.h"

#include "admin/sessions.h"
#include "admin/test_support.h"

namespace sutler::admin::test {
namespace {

constexpr std::string_view kSession = "/api/v1/session";
constexpr std::string_view kJson = "application/json";

std::string login_json(std::string_view token) {
  return R"({"token":")" + std::string(token) + R"("})";
}

// "sutler=…" of the answer's Set-Cookie.
std::string cookie_of(const Answer& answer) {
  const std::size_t start = answer.fields.find("Set-Cookie: ");
  if (start == std::string::npos) return {};
  const std::string line = answer.fields.substr(start + 12);
  return line.substr(0, line.find(';'));
}

TEST(Sessions, ACookieStandsForTheTokenAndIsKeptFromScriptsAndOtherSites) {
  Bench bench;
  const Answer login =
      bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json(kOwnerToken));
  ASSERT_EQ(login.status, 200) << login.text;
  EXPECT_TRUE(login.fields.contains("; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200\r\n"))
      << login.fields;
  const std::string cookie = cookie_of(login);
  ASSERT_TRUE(cookie.starts_with("sutler=")) << cookie;
  EXPECT_EQ(bench.ask_fields({{"Cookie", cookie}}, "GET", "/api/v1/teams").status, 200);
  EXPECT_EQ(bench.records().back().at("event"), "session.create");
  EXPECT_EQ(bench.records().back().at("operator"), "owner-token");
}

TEST(Sessions, AChangeNeedsTheTokenOfThePageAndThePageToBeOurs) {
  Bench bench;
  const Answer login =
      bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json(kOwnerToken));
  const std::string cookie = cookie_of(login);
  const Answer me = bench.ask_fields({{"Cookie", cookie}}, "GET", kSession);
  const auto csrf = json::value_to<std::string>(me.at("/csrf"));
  const std::string_view team = R"({"id":"red"})";
  EXPECT_EQ(bench.ask_fields({{"Cookie", cookie}}, "POST", "/api/v1/teams", team).status, 403);
  EXPECT_EQ(
      bench.ask_fields({{"Cookie", cookie}, {"X-CSRF-Token", "x"}}, "POST", "/api/v1/teams", team)
          .status,
      403);
  for (const std::string_view site : {"cross-site", "same-site"}) {
    EXPECT_EQ(
        bench
            .ask_fields({{"Cookie", cookie}, {"X-CSRF-Token", csrf}, {"Sec-Fetch-Site", site}},
                        "POST", "/api/v1/teams", team)
            .status,
        403);
  }
  EXPECT_EQ(
      bench
          .ask_fields(
              {{"Cookie", cookie}, {"X-CSRF-Token", csrf}, {"Origin", "https://evil.example"}},
              "POST", "/api/v1/teams", team)
          .status,
      403);
  EXPECT_EQ(bench
                .ask_fields({{"Cookie", cookie}, {"Sec-Fetch-Site", "cross-site"}}, "GET",
                            "/api/v1/teams")
                .status,
            403)
      << "nor is anything shown to another site";
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_EQ(bench
                .ask_fields({{"Cookie", cookie},
                             {"X-CSRF-Token", csrf},
                             {"Origin", "http://localhost:8081"},
                             {"Sec-Fetch-Site", "same-origin"}},
                            "POST", "/api/v1/teams", team)
                .status,
            201);
  const Answer end =
      bench.ask_fields({{"Cookie", cookie}, {"X-CSRF-Token", csrf}}, "DELETE", kSession);
  EXPECT_EQ(end.status, 200);
  EXPECT_TRUE(end.fields.contains("Max-Age=0")) << end.fields;
  EXPECT_EQ(bench.ask_fields({{"Cookie", cookie}}, "GET", "/api/v1/teams").status, 401);
}

TEST(Sessions, CookieTokenAndSessionAreNeverTakenForEachOther) {
  Bench bench;
  const std::string cookie = cookie_of(
      bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json(kOwnerToken)));
  const std::string id = cookie.substr(7);
  EXPECT_EQ(bench.ask_tcp("Bearer " + id, "GET", "/api/v1/teams").status, 401);
  const std::string token = "sutler=" + std::string(kOwnerToken);
  EXPECT_EQ(bench.ask_fields({{"Cookie", token}}, "GET", "/api/v1/teams").status, 401);
  EXPECT_EQ(bench.ask_fields({{"Cookie", cookie + "; " + token}}, "GET", "/api/v1/teams").status,
            401)
      << "two cookies of the name: one was set by somebody else";
  EXPECT_EQ(bench.ask_fields({{"Cookie", "__Host-" + cookie}}, "GET", "/api/v1/teams").status, 401);
  EXPECT_EQ(bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json(id)).status,
            401);
  EXPECT_EQ(bench.ask_with_cookie_and_token(cookie, "Bearer wrong", "/api/v1/teams").status, 401)
      << "a token that is shown is what counts";
}

TEST(Sessions, SigningInNeedsJsonFromOurOwnPage) {
  Bench bench(model::WeakKeys::kRefuse, 2);
  const std::string body = login_json(kOwnerToken);
  EXPECT_GE(bench.ask_fields({}, "POST", kSession, body).status, 400);
  EXPECT_GE(bench.ask_fields({{"Content-Type", "text/plain"}}, "POST", kSession, body).status, 400);
  EXPECT_EQ(bench
                .ask_fields({{"Content-Type", kJson}, {"Sec-Fetch-Site", "cross-site"}}, "POST",
                            kSession, body)
                .status,
            403);
  for (const int status : {401, 401, 429}) {
    EXPECT_EQ(
        bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json("sut_x")).status,
        status);
  }
  EXPECT_EQ(bench.records().back().at("event"), "session.create");
  EXPECT_EQ(bench.records().back().at("outcome"), "denied");
  EXPECT_FALSE(bench.audit_text().contains("sut_x"));
  EXPECT_EQ(bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, body).status, 200)
      << "a right token is taken at any time";
}

TEST(Sessions, EndByIdlenessByAgeAndWithTheirToken) {
  Bench bench;
  bench.done("POST", "/api/v1/operators", R"({"name":"a","role":"viewer"})");
  const auto made = bench.done("POST", "/api/v1/operators/a/tokens", "{}");
  const auto token = json::value_to<std::string>(made.at("token"));
  const auto sign_in = [&] {
    return cookie_of(
        bench.ask_fields({{"Content-Type", kJson}}, "POST", kSession, login_json(token)));
  };
  const auto status = [&](const std::string& cookie) {
    return bench.ask_fields({{"Cookie", cookie}}, "GET", "/api/v1/teams").status;
  };
  const auto wait = [&](int minutes) {
    bench.clock().set(bench.clock().now() + std::chrono::minutes(minutes));
  };
  const std::string idle = sign_in();
  const std::string busy = sign_in();
  wait(29);
  EXPECT_EQ(status(busy), 200);
  wait(1);
  EXPECT_EQ(status(idle), 401);
  for (int i = 0; i < 23; ++i) {
    EXPECT_EQ(status(busy), 200);
    wait(29);
  }
  EXPECT_EQ(status(busy), 200);
  wait(23);
  EXPECT_EQ(status(busy), 401) << "twelve hours are over";
  const std::string last = sign_in();
  EXPECT_EQ(status(last), 200);
  bench.done("DELETE", "/api/v1/operators/a/tokens/" + json::value_to<std::string>(made.at("id")));
  EXPECT_EQ(status(last), 401);
}

TEST(Sessions, AreBoundedAndTheOneIdleLongestMakesRoom) {
  SessionOptions options;
  options.max = 3;
  options.per_operator_max = 2;
  Sessions sessions(options);
  Principal alice, bob;
  alice.name = "alice";
  bob.name = "bob";
  const auto at = [](std::int64_t second) { return base::UnixTime::from_seconds(second); };
  const std::string first = sessions.open(alice, at(1)), second = sessions.open(alice, at(2));
  EXPECT_TRUE(sessions.find(first, at(3)));
  const std::string third = sessions.open(alice, at(4));
  EXPECT_FALSE(sessions.find(second, at(4)));
  EXPECT_TRUE(sessions.find(first, at(5)) && sessions.find(third, at(5)));
  static_cast<void>(sessions.open(bob, at(6)));
  static_cast<void>(sessions.open(bob, at(7)));
  EXPECT_EQ(sessions.size(), 3U);
}

TEST(ProxySocket, BelievesTheFieldsAndNoOtherListenerDoes) {
  Bench bench;
  const std::vector<http::Field> fields = {{"X-Forwarded-User", "bob"},
                                           {"X-Forwarded-Groups", "guests, platform,ops"}};
  const Answer me = bench.ask_proxy(0, fields, "GET", kSession);
  ASSERT_EQ(me.status, 200) << me.text;
  EXPECT_EQ(me.at("/name"), "proxy:bob");
  EXPECT_EQ(me.at("/role"), "owner");
  EXPECT_EQ(bench.ask_fields(fields, "GET", kSession).status, 401) << "by TCP";
  EXPECT_EQ(bench.ask_proxy(1000, fields, "GET", kSession).status, 403) << "not the proxy";
  EXPECT_EQ(bench.ask_proxy(0, {{"X-Forwarded-User", "bob"}}, "GET", kSession).status, 403);
  EXPECT_EQ(bench.ask_proxy(0, {{"X-Forwarded-Groups", "platform"}}, "GET", kSession).status, 401);
  EXPECT_EQ(bench
                .ask_proxy(0, {{"X-Forwarded-User", "bob"}, {"X-Forwarded-Groups", "guests"}},
                           "GET", kSession)
                .status,
            403);
  auto twice = fields;
  twice.push_back({"x-forwarded-user", "root"});
  EXPECT_EQ(bench.ask_proxy(0, twice, "GET", kSession).status, 401) << "one slipped past the proxy";
  EXPECT_EQ(bench.ask_proxy(0, {}, "GET", "/api/v1/teams").status, 401)
      << "root on this socket is the proxy, not an owner";
}

TEST(Socket, NamesThePeerAndAsWhomHeLoggedIn) {
  Access access{AccessOptions{}};
  http::Request request;
  const auto name = [&](std::int64_t uid, std::int64_t login) {
    request.peer_uid = uid;
    request.peer_login_uid = login;
    return access.judge(request, Door::kAdmin, {}, {}).value_or(Principal{}).name;
  };
  EXPECT_EQ(name(0, 1000), "uid:0 loginuid:1000");
  EXPECT_EQ(name(0, -1), "uid:0") << "not known";
  EXPECT_EQ(name(0, 4294967295), "uid:0") << "never logged in: a service";
  EXPECT_EQ(name(1000, 0), "") << "only the uid is trusted";
}

TEST(ProxySocket, AChangeNeedsTheTokenOfThePage) {
  Bench bench;
  std::vector<http::Field> fields = {{"X-Forwarded-User", "bob"},
                                     {"X-Forwarded-Groups", "platform"}};
  const std::string_view team = R"({"id":"red"})";
  EXPECT_EQ(bench.ask_proxy(0, fields, "POST", "/api/v1/teams", team).status, 403);
  const auto csrf =
      json::value_to<std::string>(bench.ask_proxy(0, fields, "GET", kSession).at("/csrf"));
  fields.push_back({"X-CSRF-Token", csrf});
  EXPECT_EQ(bench.ask_proxy(0, fields, "POST", "/api/v1/teams", team).status, 201);
  fields[0].value = "mallory";
  EXPECT_EQ(bench.ask_proxy(0, fields, "POST", "/api/v1/teams", R"({"id":"blue"})").status, 403)
      << "somebody else's";
  EXPECT_EQ(bench.ask_proxy(0, fields, "POST", kSession, login_json(kOwnerToken)).status, 403);
}

}  // namespace
}  // namespace sutler::admin::test
