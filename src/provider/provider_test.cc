#include "provider/provider.h"

#include <gtest/gtest.h>

#include "provider/test_support.h"

namespace sutler::provider::test {
namespace {

std::string code_of(const Answer& answer) {
  if (answer.field("Content-Type") != "application/problem+json") return {};
  return json::value_to<std::string>(json::parse(answer.body).at("code"));
}

// An answer without what differs between any two: its time and its request's id.
std::string comparable(const Answer& answer) {
  std::string out;
  std::size_t start = 0;
  for (auto end = answer.head.find("\r\n"); end != std::string::npos;
       end = answer.head.find("\r\n", start)) {
    const auto line = answer.head.substr(start, end - start);
    if (!line.starts_with("Date:") && !line.starts_with("X-Request-Id:")) out += line + "\n";
    start = end + 2;
  }
  return out + answer.body;
}

model::Team team(std::string id, std::string path, std::string_view key) {
  model::Team made{std::move(id), std::move(path), {}, {}};
  made.keys.push_back(signing_key(key));
  return made;
}

TEST(Provider, AVerifiedWorkloadGetsItsBundle) {
  Bench bench;
  bench.put_greeting();
  const Answer got = bench.fetch();
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.says("Content-Type: application/json"));
  EXPECT_TRUE(got.says("Cache-Control: no-store"));
  EXPECT_EQ(got.field("ETag"), "");
  EXPECT_EQ(json::parse(got.body).at("secrets").as_array().size(), 1U);
  EXPECT_TRUE(got.body.contains("canary-value"));
}

TEST(Provider, AGrantIsRecordedBeforeItIsAnsweredAndWithoutAValue) {
  Bench bench;
  bench.put_greeting();
  const Answer got = bench.fetch();
  const auto records = bench.records();
  ASSERT_EQ(records.size(), 1U);
  const auto& record = records[0];
  EXPECT_EQ(record.at("outcome"), "ok");
  EXPECT_EQ(record.at("team"), "default");
  EXPECT_EQ(record.at("workload").at("projectId"), "shop");
  EXPECT_EQ(record.at("remote"), "127.0.0.1");
  EXPECT_EQ(record.at("request_id"), got.field("X-Request-Id").c_str());
  EXPECT_EQ(record.at("groups").at(0).at("name"), "greeting");
  EXPECT_EQ(record.at("keys").at(0), "GREETING");
  EXPECT_EQ(record.at("key_id"), "0a0a0a0a");
  EXPECT_FALSE(bench.audit_text().contains("canary-value"));
}

TEST(Provider, HeadIsAFetchWithoutTheBody) {
  Bench bench;
  bench.put_greeting();
  const Answer whole = bench.fetch();
  Wire wire = bench.connect();
  wire.send("HEAD / HTTP/1.1\r\nHost: a\r\n" + bearer() + "\r\n");
  const Answer head = wire.answer(Wire::Body::kNone);
  EXPECT_EQ(comparable(head) + whole.body, comparable(whole));
  EXPECT_EQ(bench.records().size(), 2U);
}

TEST(Provider, OnlyTheExactPathOfATeamIsServedAndItsQueryIsIgnored) {
  Bench bench;
  bench.put_greeting();
  EXPECT_EQ(bench.ask(get("/?a=b", bearer())).status, 200);
  for (const char* path :
       {"/x", "//", "/.", "/%2f", "/index.html", "/healthz/", "/default", "/api/v1/status"}) {
    const Answer got = bench.ask(get(path, bearer()));
    EXPECT_EQ(got.status, 404) << path;
    EXPECT_EQ(code_of(got), "not_found");
  }
  EXPECT_EQ(bench.records().size(), 1U);
}

TEST(Provider, ErrorsAreJudgedByPathThenMethodThenToken) {
  Bench bench;
  const auto ask = [&](const std::string& method, const std::string& path,
                       const std::string& fields) {
    return bench.ask(method + " " + path + " HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  };
  for (const std::string method :
       {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "get", "BREW"}) {
    EXPECT_EQ(ask(method, "/nothing", "").status, 404) << method;
    const Answer got = ask(method, "/", bearer());
    EXPECT_EQ(got.status, 405) << method;
    EXPECT_TRUE(got.says("Allow: GET, HEAD"));
    EXPECT_EQ(ask(method, "/healthz", "").status, 405) << method;
  }
  // The store is empty as well, but only a verified workload is told.
  EXPECT_EQ(ask("GET", "/", "").status, 401);
  const Answer empty = ask("GET", "/", bearer());
  EXPECT_EQ(empty.status, 503);
  EXPECT_EQ(code_of(empty), "store_empty");
  EXPECT_TRUE(empty.says("Retry-After: 5"));
  EXPECT_EQ(bench.last_reason(), "store_empty");
}

TEST(Provider, AllTokensThatDoNotVerifyGetTheSameAnswer) {
  Bench bench;
  bench.put_greeting();
  const std::string good = token();
  const struct {
    std::string fields, reason;
  } cases[] = {
      {"", "no_token"},
      {"Authorization: Basic YTpi\r\n", "no_token"},
      {"Authorization: Bearer \r\n", "no_token"},
      {"Authorization: Bearer x\r\n", "malformed_token"},
      {"Authorization: Bearer " + std::string(9000, 'x') + "\r\n", "malformed_token"},
      {"Authorization: Bearer " + good + " \tx\r\n", "malformed_token"},
      {"Authorization: Bearer " + good.substr(0, good.size() - 4) + "AAAA\r\n", "bad_signature"},
      {bearer({.key = kOtherKey}), "bad_signature"},
      {bearer({.algorithm = crypto::HashAlgorithm::kSha512}), "bad_algorithm"},
      {bearer({.now = kStart - 86'400 - 30}), "expired"},
  };
  const std::string expected = comparable(bench.ask(get("/")));
  EXPECT_TRUE(expected.starts_with("HTTP/1.1 401 Unauthorized\n")) << expected;
  EXPECT_TRUE(expected.contains("\nWWW-Authenticate: Bearer\n"));
  EXPECT_TRUE(expected.contains("\nCache-Control: no-store\n"));
  for (const auto& one : cases) {
    bench.clock().set(kStart);
    EXPECT_EQ(comparable(bench.ask(get("/", one.fields))), expected) << one.reason;
  }
  const auto records = bench.records();
  // Ten of one address in a second have their own record.
  ASSERT_EQ(records.size(), 10U);
  for (std::size_t i = 1; i < records.size(); ++i) {
    EXPECT_EQ(records[i].at("reason"), cases[i - 1].reason.c_str());
    EXPECT_EQ(records[i].at("outcome"), "denied");
    EXPECT_FALSE(records[i].as_object().contains("workload"));
  }
}

TEST(Provider, ATokenEndsOnTimeByTheServersClock) {
  Bench bench;
  bench.put_greeting();
  const Claims claims{.lifetime = std::chrono::seconds(100)};
  bench.clock().set(kStart + 129);
  EXPECT_EQ(bench.fetch(claims).status, 200);
  bench.clock().set(kStart + 130);
  EXPECT_EQ(bench.fetch(claims).status, 401);
  EXPECT_EQ(bench.last_reason(), "expired");
}

TEST(Provider, ATeamMayDemandAnExpiry) {
  Bench bench;
  bench.put_greeting();
  const Claims endless{.lifetime = std::nullopt};
  EXPECT_EQ(bench.fetch(endless).status, 200);
  model::Team strict = team("default", "/", kKey);
  strict.options.require_exp = true;
  bench.put_team(std::move(strict));
  EXPECT_EQ(bench.fetch(endless).status, 401);
  EXPECT_EQ(bench.last_reason(), "exp_required");
  EXPECT_EQ(bench.fetch().status, 200);
}

TEST(Provider, AnAddressThatIsNotAllowedGetsNothingForAGoodToken) {
  Bench bench;
  bench.put_greeting();
  model::Team here = team("default", "/", kKey);
  here.options.allow_from.push_back(must(model::Cidr::parse("127.0.0.0/8")));
  bench.put_team(std::move(here));
  EXPECT_EQ(bench.fetch().status, 200);
  model::Team elsewhere = team("default", "/", kKey);
  elsewhere.options.allow_from.push_back(must(model::Cidr::parse("192.0.2.0/24")));
  bench.put_team(std::move(elsewhere));
  EXPECT_EQ(comparable(bench.fetch()), comparable(bench.ask(get("/"))));
  EXPECT_EQ(bench.ask(get("/", bearer() + "X-Forwarded-For: 192.0.2.1\r\n")).status, 401);
  EXPECT_EQ(bench.last_reason(), "address_not_allowed");
}

TEST(Provider, AKeyVerifiesUntilItIsRetired) {
  Bench bench;
  bench.put_greeting();
  model::Team two = team("default", "/", kOtherKey);
  two.keys.push_back(signing_key(kKey, "0b0b0b0b"));
  two.keys[1].retire_at = base::UnixTime::from_seconds(kStart + 60);
  bench.put_team(std::move(two));
  EXPECT_EQ(bench.fetch({.key = kOtherKey}).status, 200);
  bench.clock().set(kStart + 59);
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.records().back().at("key_id"), "0b0b0b0b");
  bench.clock().set(kStart + 60);
  EXPECT_EQ(bench.fetch().status, 401);
  EXPECT_EQ(bench.fetch({.key = kOtherKey}).status, 200);
}

TEST(Provider, EachTeamHasItsPathItsKeysAndItsGroups) {
  Bench bench;
  bench.put_team(team("acme", "/acme", kOtherKey));
  bench.put_greeting();
  bench.put_groups("{name: own, team: acme, secrets: {variables: {OWN: acme-value}}}");
  const Answer acme = bench.ask(get("/acme", bearer({.key = kOtherKey})));
  EXPECT_TRUE(acme.body.contains("acme-value")) << acme.body;
  EXPECT_FALSE(acme.body.contains("canary-value"));
  EXPECT_FALSE(bench.fetch().body.contains("acme-value"));
  EXPECT_EQ(bench.ask(get("/acme", bearer())).status, 401);
  EXPECT_EQ(bench.fetch({.key = kOtherKey}).status, 401);
  EXPECT_EQ(bench.ask(get("/acme/", bearer({.key = kOtherKey}))).status, 404);
}

TEST(Provider, TheKeyOfTheEnvironmentVerifiesForDefaultOnly) {
  std::vector<crypto::HmacKey> extra;
  extra.emplace_back(crypto::HashAlgorithm::kSha256, "APP_SECRET");
  Bench bench({}, std::move(extra));
  bench.put_team(team("acme", "/acme", kOtherKey));
  bench.put_greeting();
  EXPECT_EQ(bench.fetch({.key = "APP_SECRET"}).status, 200);
  EXPECT_EQ(bench.records().back().at("key_id"), "env:SECRET");
  EXPECT_EQ(bench.ask(get("/acme", bearer({.key = "APP_SECRET"}))).status, 401);
}

TEST(Provider, WhoMatchesNothingGetsAnEmptySetOrWhereItsTeamSaysSoAnError) {
  Bench bench;
  bench.put_groups("{name: g, restrictions: {projects: [other]}, secrets: {variables: {A: b}}}");
  const Answer empty = bench.fetch();
  EXPECT_EQ(empty.status, 200);
  EXPECT_TRUE(json::parse(empty.body).at("secrets").as_array().empty());
  model::Team strict = team("default", "/", kKey);
  strict.options.require_match = true;
  bench.put_team(std::move(strict));
  const Answer none = bench.fetch();
  EXPECT_EQ(none.status, 503);
  EXPECT_EQ(code_of(none), "no_match");
  EXPECT_EQ(bench.fetch({.project = "other"}).status, 200);
}

TEST(Provider, ABundleThatCannotBeMadeIsAnErrorNeverAPart) {
  Bench bench;
  bench.put_groups(
      R"({name: g, secrets: {variables: {GOOD: canary-value, BAD: {template: "${ABSENT}"}}}})");
  const Answer got = bench.fetch();
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(code_of(got), "unknown_name");
  EXPECT_TRUE(got.says("Retry-After: 5"));
  EXPECT_FALSE(got.body.contains("canary-value"));
  EXPECT_FALSE(got.body.contains("ABSENT"));
  EXPECT_EQ(bench.records().back().at("outcome"), "failed");
}

TEST(Provider, AChangeIsServedAtOnceOnAnOldConnection) {
  Bench bench;
  bench.put_greeting();
  Wire wire = bench.connect();
  EXPECT_TRUE(wire.ask(get("/", bearer())).body.contains("canary-value"));
  bench.put_groups("{name: greeting, secrets: {variables: {GREETING: new-value}}}");
  const Answer got = wire.ask(get("/", bearer()));
  EXPECT_TRUE(got.body.contains("new-value")) << got.body;
  EXPECT_FALSE(got.body.contains("canary-value"));
}

TEST(Provider, WhoGuessesIsSlowedDownAndAGoodTokenNeverIs) {
  Options options;
  options.failures_per_minute_max = 3;
  Bench bench(options);
  bench.put_greeting();
  const Claims wrong{.key = kOtherKey};
  for (int i = 0; i < 3; ++i) EXPECT_EQ(bench.fetch(wrong).status, 401);
  const Answer throttled = bench.fetch(wrong);
  EXPECT_EQ(throttled.status, 429);
  EXPECT_TRUE(throttled.says("Retry-After: 60"));
  EXPECT_EQ(bench.last_reason(), "throttled");
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.ask(get("/")).status, 401);  // no token is no guess
  bench.clock().set(kStart + 60);
  EXPECT_EQ(bench.fetch(wrong).status, 401);
}

TEST(Provider, WithoutItsRecordNoSecretLeaves) {
  Bench bench;
  bench.put_greeting();
  bench.calls().broken = true;
  const Answer got = bench.fetch();
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(code_of(got), "audit_unavailable");
  EXPECT_TRUE(got.says("Retry-After: 5"));
  EXPECT_FALSE(got.body.contains("canary-value"));
  EXPECT_EQ(code_of(bench.ask(get("/healthz"))), "audit_unavailable");
  bench.calls().broken = false;
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
}

TEST(Provider, ARefusalWhileTheReserveIsInUseIsNoReasonToTakeTheNodeOut) {
  Bench bench({}, {}, {.reserve_bytes = 1024 * 1024});
  bench.put_greeting();
  bench.calls().disk_is_full = true;
  EXPECT_EQ(bench.fetch({.key = kOtherKey}).status, 401);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
  bench.put_groups("{name: bad, secrets: {variables: {A: {template: '${ABSENT}'}}}}");
  EXPECT_EQ(bench.fetch().status, 503);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
  // A grant that even the reserve has no room for is one.
  bench.put_groups("{name: bad, secrets: {variables: {A: b}}}");
  EXPECT_EQ(code_of(bench.fetch()), "audit_unavailable");
  EXPECT_EQ(code_of(bench.ask(get("/healthz"))), "audit_unavailable");
  bench.calls().disk_is_full = false;
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
}

TEST(Provider, AGrantThatNoLineCanHoldFailsAloneAndOthersOfItsTurnGoOn) {
  Bench bench({}, {}, {.reserve_bytes = 0, .line_bytes_max = 2000});
  bench.put_greeting();
  std::string wide = "{name: wide, restrictions: {projects: [wide]}, secrets: {variables: {";
  for (int i = 0; i < 100; ++i) wide += "A_NAME_OF_THIRTY_BYTES_" + std::to_string(i) + ": b, ";
  bench.put_groups(wide + "Z: b}}}");
  std::vector<Wire> wires;
  for (int i = 0; i < 4; ++i) wires.push_back(bench.connect());
  {
    // What comes while the first is being recorded shares the next turn.
    const std::scoped_lock held(bench.calls().gate);
    const int before = bench.calls().writes;
    wires[0].send(get("/", bearer()));
    ASSERT_TRUE(http::test::eventually([&] { return bench.calls().writes > before; }));
    wires[1].send(get("/", bearer()));
    wires[2].send(get("/", bearer({.project = "wide"})));
    wires[3].send(get("/", bearer()));
  }
  EXPECT_EQ(wires[0].answer().status, 200);
  EXPECT_EQ(wires[1].answer().status, 200);
  EXPECT_EQ(code_of(wires[2].answer()), "audit_unavailable");
  EXPECT_EQ(wires[3].answer().status, 200);
  EXPECT_EQ(bench.records().size(), 3U);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
}

TEST(Provider, WhereTheAuditIsNotRequiredFetchesGoOn) {
  Options options;
  options.audit = AuditDemand::kBestEffort;
  Bench bench(options);
  bench.put_greeting();
  bench.calls().broken = true;
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.ask(get("/healthz")).status, 200);
}

TEST(Provider, HealthSaysWhetherAFetchCouldSucceedAndIsNotRecorded) {
  Bench bench;
  EXPECT_EQ(code_of(bench.ask(get("/healthz"))), "store_empty");
  bench.put_greeting();
  EXPECT_EQ(bench.ask(get("/healthz")).body, R"({"status":"ok"})");
  bench.shared().draining = true;
  EXPECT_EQ(code_of(bench.ask(get("/healthz"))), "draining");
  EXPECT_EQ(bench.fetch().status, 200);
  EXPECT_EQ(bench.records().size(), 1U);
}

TEST(Provider, WhatTheGateRefusesIsRecordedOnceAndNothingEmbedded) {
  Bench bench;
  bench.put_greeting();
  Wire wire = bench.connect();
  wire.send("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n" + bearer() + "\r\n" +
            get("/", bearer()));
  EXPECT_EQ(wire.answer().status, 400);
  wire.done_sending();
  EXPECT_TRUE(wire.ends());
  const auto refused = bench.records("http.refused");
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_EQ(refused[0].at("reason"), "transfer_encoding");
  EXPECT_EQ(bench.records().size(), 0U);
}

TEST(Provider, AFloodOfDenialsIsCountedInOneRecord) {
  Bench bench;
  Wire wire = bench.connect();
  for (int i = 0; i < 25; ++i) EXPECT_EQ(wire.ask(get("/")).status, 401);
  EXPECT_EQ(bench.records().size(), 10U);
  flush_denials(bench.shared(), Flush::kDue);
  EXPECT_EQ(bench.records("denied.counted").size(), 0U);
  bench.clock().set(kStart + 1);
  flush_denials(bench.shared(), Flush::kDue);
  const auto counted = bench.records("denied.counted");
  ASSERT_EQ(counted.size(), 1U);
  EXPECT_EQ(counted[0].at("count"), 15);
  EXPECT_EQ(counted[0].at("remote"), "127.0.0.1");
}

}  // namespace
}  // namespace sutler::provider::test
