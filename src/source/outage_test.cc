// What the sources do while a store is out, says no, or comes back; and over a restart.
#include <fstream>

#include "source/test_support.h"

namespace sutler::source {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class OutageTest : public test::SourcesTest {
 protected:
  // Else what runs out is read again behind the test, before it says how the store is.
  void only_fetches_ask() {
    options.tick = std::chrono::hours(1);
    start();
  }
  // Read once, and no longer fresh.
  void read_and_expire(const std::string& locator) {
    store->put(locator, "one");
    EXPECT_EQ(get(locator), "one");
    pass_time(400s);
  }
};

TEST_F(OutageTest, AnOutageServesTheLastValueUpToTheLimitAndNotBeyond) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  for (const auto kind : {FailureKind::kOutage, FailureKind::kLogin}) {
    store->fail(kind);
    pass_time(400s);
    EXPECT_EQ(get("a"), "one (stale)");
  }
  pass_time(86'400s);
  EXPECT_NE(get("a"), "one (stale)");
  EXPECT_TRUE(eventually([&] { return status().documents == 0; }));
}

TEST_F(OutageTest, AnOutageIsNeverTakenForAMissingValue) {
  store->fail(FailureKind::kOutage);
  EXPECT_EQ(get("a"), "(outage)");
  EXPECT_EQ(get("a"), "(outage)");
  store->fail(FailureKind::kLogin);
  pass_time(60s);
  EXPECT_EQ(get("b"), "(login)");
}

TEST_F(OutageTest, AMissingValueThatWasKnownDoesNotBecomeMissingByAnOutage) {
  EXPECT_EQ(get("a"), "(missing)");
  store->fail(FailureKind::kOutage);
  pass_time(60s);
  EXPECT_EQ(get("a"), "(outage)");
}

TEST_F(OutageTest, WhatTheStoreSaysIsGoneGoesAtOnce) {
  only_fetches_ask();
  for (const auto kind :
       {FailureKind::kMissing, FailureKind::kDenied, FailureKind::kBadReference}) {
    store->fail(std::nullopt);
    pass_time(60s);
    read_and_expire("a");
    const Dependency before = dependency_on("a");
    store->fail(kind);
    const std::string word = "(" + std::string(failure_name(kind)) + ")";
    EXPECT_EQ(get("a"), word);
    EXPECT_FALSE(before.holds(clock.now()));
    store->fail(FailureKind::kOutage);
    pass_time(60s);
    EXPECT_EQ(get("a"), "(outage)") << "nothing is left to serve";
  }
}

TEST_F(OutageTest, AnAnswerOfNoIsRememberedForAShortTime) {
  EXPECT_EQ(get("a"), "(missing)");
  store->put("a", "one");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("a"), "(missing)");
  EXPECT_EQ(store->calls(), 1u);
  pass_time(11s);
  EXPECT_EQ(get("a"), "one");
}

TEST_F(OutageTest, OutagesAreTriedAgainWithinACallAndAnswersAreNot) {
  store->fail(FailureKind::kOutage);
  EXPECT_EQ(get("a"), "(outage)");
  EXPECT_EQ(store->calls(), 3u);
  store->fail(FailureKind::kLogin);
  EXPECT_EQ(get("b"), "(login)");
  EXPECT_EQ(store->calls(), 4u);
  store->fail(FailureKind::kDenied);
  EXPECT_EQ(get("c"), "(denied)");
  EXPECT_EQ(store->calls(), 5u);
}

TEST_F(OutageTest, WhatJustFailedIsNotAskedAgainAtOnce) {
  store->fail(FailureKind::kLogin);
  EXPECT_EQ(get("a"), "(login)");
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("a"), "(login)");
  EXPECT_EQ(store->calls(), 1u);
}

TEST_F(OutageTest, WhenItIsAskedAgainIsKnown) {
  const auto next = [&](const char* ref) { return sources->next_try("vault", ref); };
  EXPECT_FALSE(next("a#key")) << "it was never asked for";
  EXPECT_FALSE(sources->next_try("nobody", "a"));
  EXPECT_EQ(get("a"), "(missing)");
  EXPECT_EQ(next("a#key"), clock.now() + 10s) << "as long as a no is remembered";
  store->fail(Failure{FailureKind::kLogin, "scripted", 40s});
  EXPECT_EQ(get("b"), "(login)");
  EXPECT_EQ(next("b"), clock.now() + 40s) << "as the store said";
  for (int i = 0; i < 4; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(login)");
  ASSERT_TRUE(status().breaker_open);
  EXPECT_GT(next("never asked"), clock.now()) << "as the breaker says";
}

TEST_F(OutageTest, AfterSomeOutagesInARowOnlyProbesAreLetThrough) {
  only_fetches_ask();
  read_and_expire("a");
  store->fail(FailureKind::kLogin);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(login)");
  EXPECT_TRUE(status().breaker_open);
  EXPECT_FALSE(status().reachable);
  const std::size_t before = store->calls();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(get("more" + std::to_string(i)), "(outage)");
  EXPECT_EQ(get("a"), "one (stale)");
  EXPECT_TRUE(dependency_on("a").holds(clock.now())) << "until the next try";
  EXPECT_EQ(store->calls(), before);
  EXPECT_EQ(status().stale_documents, 1u);
}

TEST_F(OutageTest, AnOpenBreakerTellsNobodyWhatOthersReferTo) {
  store->fail(Failure{FailureKind::kLogin, "no login for secret/of/others", {}});
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(login)");
  const Found found = fetch("mine");
  EXPECT_EQ(found.failure.message, "source vault is out");
  EXPECT_EQ(status().last_error, "no login for secret/of/others") << "for owners";
}

TEST_F(OutageTest, AStoreThatIsBackIsFoundByAProbe) {
  only_fetches_ask();
  read_and_expire("a");
  store->fail(FailureKind::kLogin);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(login)");
  ASSERT_TRUE(status().breaker_open);
  store->fail(std::nullopt);
  store->put("a", "two");
  EXPECT_EQ(get("a"), "one (stale)");
  pass_time(60s);
  ASSERT_TRUE(eventually([&] { return get("a") == "two"; }));
  EXPECT_FALSE(status().breaker_open);
}

TEST_F(OutageTest, AnswersOfNoNeverOpenTheBreaker) {
  store->fail(FailureKind::kDenied);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(denied)");
  EXPECT_FALSE(status().breaker_open);
  EXPECT_TRUE(status().reachable);
}

TEST_F(OutageTest, ARefreshByHandProbesAnOpenBreaker) {
  only_fetches_ask();
  read_and_expire("a");
  read_and_expire("b");
  store->fail(FailureKind::kLogin);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("doc" + std::to_string(i)), "(login)");
  ASSERT_TRUE(status().breaker_open);
  EXPECT_EQ(sources->refresh("vault")->read, 0u);
  store->fail(std::nullopt);
  store->put("a", "two");
  EXPECT_EQ(sources->refresh("vault")->read, 2u);
  EXPECT_EQ(get("a"), "two");
}

class RestartTest : public OutageTest {
 protected:
  RestartTest() { keep_on_disk(); }
  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> all;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(options.cache_dir)) {
      if (entry.is_regular_file() && entry.path().filename() != "key-check") {
        all.push_back(entry.path());
      }
    }
    return all;
  }
};

TEST_F(RestartTest, ARestartDuringAnOutageServesWhatWasKnown) {
  store->put("a", "one");
  store->put("db", test::object({{"password", "p"}}));
  EXPECT_EQ(get("a"), "one");
  EXPECT_EQ(get("db#password"), "p");
  store->fail(FailureKind::kOutage);
  start();
  EXPECT_EQ(get("a"), "one (stale)");
  EXPECT_EQ(get("db#password"), "p (stale)");
  EXPECT_EQ(get("db#other"), "(missing)");
}

TEST_F(RestartTest, ARestartAsksTheStoreFirst) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  store->put("a", "two");
  start();
  EXPECT_EQ(get("a"), "two");
}

TEST_F(RestartTest, ARestartMakesNothingLiveLonger) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  store->fail(FailureKind::kOutage);
  pass_time(86'000s);
  start();
  EXPECT_EQ(get("a"), "one (stale)");
  pass_time(401s);
  start();
  EXPECT_EQ(get("a"), "(outage)");
  EXPECT_TRUE(files().empty()) << "deleted, not only passed over";
}

TEST_F(RestartTest, WhatIsFromTheFutureIsNotTrusted) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  store->fail(FailureKind::kOutage);
  sources.reset();
  pass_time(-3600s);
  start();
  EXPECT_EQ(get("a"), "(outage)");
}

TEST_F(RestartTest, WhatTheStoreSaysIsGoneIsGoneFromTheDiskAtOnce) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  ASSERT_TRUE(eventually([&] { return files().size() == 1; }));
  store->remove("a");
  pass_time(400s);
  EXPECT_EQ(get("a"), "(missing)");
  EXPECT_TRUE(files().empty());
}

TEST_F(RestartTest, AnotherKeyOrAnotherStoreStartsAnew) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  store->fail(FailureKind::kOutage);
  start();
  settings.fingerprint = "https://another.example";
  start();
  EXPECT_EQ(get("a"), "(outage)");
  store->fail(std::nullopt);
  pass_time(60s);
  EXPECT_EQ(get("a"), "one");
  store->fail(FailureKind::kOutage);
  options.cache_key = base::LockedBytes(std::string(32, 'x'));
  start();
  EXPECT_EQ(get("a"), "(outage)");
  EXPECT_TRUE(files().empty());
}

TEST_F(RestartTest, WithoutADiskCacheNothingIsKeptOrLeft) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  settings.disk_cache = false;
  start();
  EXPECT_TRUE(files().empty());
  EXPECT_EQ(get("a"), "one");
  start();
  EXPECT_TRUE(files().empty());
}

TEST_F(RestartTest, NothingIsOnTheDiskInClear) {
  store->put("locator-canary", test::object({{"name-canary", "value-canary"}}));
  (void)get("locator-canary#name-canary");
  sources.reset();
  const auto all = files();
  ASSERT_EQ(all.size(), 1u);
  std::ifstream file(all[0], std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), {});
  EXPECT_FALSE(bytes.empty());
  EXPECT_EQ(bytes.find("canary"), std::string::npos);
  EXPECT_EQ(all[0].string().find("canary"), std::string::npos);
  EXPECT_EQ(std::filesystem::status(all[0]).permissions(), std::filesystem::perms(0600));
  start();
}

}  // namespace
}  // namespace sutler::source
