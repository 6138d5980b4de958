#include "provider/waiting.h"

#include <gtest/gtest.h>

#include "provider/test_support.h"
#include "source/test_support.h"

namespace sutler::provider::test {
namespace {

std::string word_of(const json::value& value) { return json::value_to<std::string>(value); }

// A data plane over a store whose faults are exact.
class Waiting : public source::test::SourcesTest {
 protected:
  Waiting() {
    store->put("a", "canary");
    serve();
  }
  void serve(const Options& of_provider = {}) {
    bench = std::make_unique<Bench>(of_provider);
    bench->shared().sources = sources.get();
    bench->put_groups(
        "groups:\n"
        "  - {name: g, restrictions: {projects: [shop]},"
        " secrets: {variables: {A: {from: vault, ref: a}, B: literal}}}\n"
        "  - {name: plain, restrictions: {projects: [other]}, secrets: {variables: {P: plain}}}\n");
  }
  // A fetch that is on its way.
  Wire start_fetch(const Claims& claims = {}) const {
    Wire wire = bench->connect();
    wire.send(http::test::get("/", bearer(claims)));
    return wire;
  }

  std::unique_ptr<Bench> bench;
};

TEST_F(Waiting, AFetchWaitsForItsSourceAndOthersDoNotWaitForIt) {
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  const Answer other = bench->fetch({.project = "other"});
  EXPECT_EQ(other.status, 200);
  EXPECT_TRUE(other.body.contains("plain"));
  store->release();
  const Answer got = waits.answer();
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.body.contains("canary"));
  EXPECT_TRUE(got.body.contains("literal"));
  EXPECT_EQ(bench->records().size(), 2U);
  EXPECT_FALSE(bench->audit_text().contains("canary"));
  EXPECT_EQ(bench->fetch().status, 200);
  EXPECT_EQ(store->calls(), 1U);
}

TEST_F(Waiting, HoweverManyWaitTheStoreIsAskedOnce) {
  store->hold();
  std::vector<Wire> wires;
  for (int i = 0; i < 100; ++i) {
    const std::string object = "w" + std::to_string(i);
    wires.push_back(start_fetch({.object = object}));
  }
  ASSERT_TRUE(store->wait_for_calls(1));
  store->release();
  for (Wire& wire : wires) EXPECT_EQ(wire.answer().status, 200);
  EXPECT_EQ(store->reads_of("a"), 1U);
}

TEST_F(Waiting, WhatCannotBeHadIsA503WhoseRecordNamesSourceAndReference) {
  store->fail(source::FailureKind::kOutage);
  const Answer got = bench->fetch();
  EXPECT_EQ(got.status, 503);
  EXPECT_EQ(json::parse(got.body).at("code"), "source_unavailable");
  EXPECT_FALSE(got.field("Retry-After").empty());
  const auto record = bench->records().back();
  EXPECT_EQ(record.at("outcome"), "failed");
  EXPECT_EQ(record.at("reason"), "source_unavailable");
  EXPECT_EQ(record.at("source"), "vault");
  EXPECT_EQ(record.at("ref"), "a");
  EXPECT_FALSE(got.body.contains("vault"));
}

TEST_F(Waiting, A503SaysWhenTheStoreIsAskedAgain) {
  store->fail(source::Failure{source::FailureKind::kLogin, "scripted", std::chrono::seconds(40)});
  EXPECT_EQ(bench->fetch().field("Retry-After"), "40");
  store->fail(source::FailureKind::kMissing);
  pass_time(std::chrono::seconds(60));
  bench->clock().set(kStart + 60);
  EXPECT_EQ(bench->fetch().field("Retry-After"), "10") << "for as long as a no is remembered";
}

TEST_F(Waiting, WhatChangedMeanwhileCounts) {
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  bench->put_groups("{name: g, secrets: {variables: {A: now a literal}}}");
  store->release();
  const Answer got = waits.answer();
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.body.contains("now a literal"));
  EXPECT_FALSE(got.body.contains("canary"));
}

TEST_F(Waiting, AKeyThatIsGoneMeanwhileVerifiesNoMore) {
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  model::Team team{"default", "/", {}, {}};
  team.keys.push_back(signing_key(kOtherKey));
  bench->put_team(std::move(team));
  store->release();
  EXPECT_EQ(waits.answer().status, 401);
  EXPECT_EQ(bench->last_reason(), "bad_signature");
}

TEST_F(Waiting, AClientThatGoesAwayLeavesNothingBehind) {
  store->hold();
  {
    Wire goes = start_fetch();
    ASSERT_TRUE(store->wait_for_calls(1));
  }
  store->release();
  EXPECT_EQ(bench->fetch().status, 200);
}

TEST_F(Waiting, AServerMayEndWhileFetchesWait) {
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  bench.reset();
  store->release();
  EXPECT_EQ(waits.answer().status, 0);
  sources.reset();
}

TEST_F(Waiting, SourcesMayEndFirstAsWell) {
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  store->release();
  (void)waits.answer();
  bench->shared().sources = nullptr;
  sources.reset();
  EXPECT_EQ(bench->fetch({.object = "another"}).status, 503);
  EXPECT_EQ(bench->last_reason(), "unknown_source");
}

TEST_F(Waiting, OverTheLimitAFetchDoesNotWait) {
  serve({.waiting_max = 1});
  store->hold();
  Wire waits = start_fetch();
  ASSERT_TRUE(store->wait_for_calls(1));
  const Answer over = bench->fetch({.object = "another"});
  EXPECT_EQ(over.status, 503);
  EXPECT_EQ(word_of(json::parse(over.body).at("code")), "source_unavailable");
  store->release();
  EXPECT_EQ(waits.answer().status, 200);
}

}  // namespace
}  // namespace sutler::provider::test
