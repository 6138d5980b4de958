#include <atomic>
#include <latch>

#include "source/test_support.h"

namespace sutler::source {
namespace {

using namespace std::chrono_literals;
using test::eventually;

class CacheTest : public test::SourcesTest {};

TEST_F(CacheTest, TenThousandThatWaitAreOneCallPerLocator) {
  constexpr int kFetches = 10'000;
  for (int i = 0; i < 10; ++i) store->put("doc" + std::to_string(i), "value");
  store->hold();
  std::latch all_done(kFetches);
  FetchTime time;
  for (int i = 0; i < kFetches; ++i) {
    sources->obtain({{"vault", "doc" + std::to_string(i % 10)},
                     {"vault", "doc" + std::to_string((i + 3) % 10)}},
                    time, [&] { all_done.count_down(); });
  }
  EXPECT_FALSE(all_done.try_wait());
  store->release();
  all_done.wait();
  EXPECT_EQ(store->calls(), 10u);
  EXPECT_EQ(peek("doc7"), "value");
  EXPECT_EQ(store->calls(), 10u);
}

TEST_F(CacheTest, CallsAtOnceStayWithinTheConcurrency) {
  settings.concurrency = 3;
  start();
  store->hold();
  std::latch done(1);
  std::vector<Wanted> wanted;
  for (int i = 0; i < 20; ++i) wanted.push_back({"vault", "doc" + std::to_string(i)});
  FetchTime time;
  sources->obtain(wanted, time, [&] { done.count_down(); });
  ASSERT_TRUE(store->wait_for_calls(3));
  store->release();
  done.wait();
  EXPECT_EQ(store->calls(), 20u);
  EXPECT_LE(store->at_once_most(), 3u);
}

TEST_F(CacheTest, AStoreThatCanIsAskedInBatches) {
  batch = 10;
  settings.concurrency = 1;
  start();
  std::vector<Wanted> wanted;
  for (int i = 0; i < 50; ++i) {
    store->put("doc" + std::to_string(i), "v");
    wanted.push_back({"vault", "doc" + std::to_string(i)});
  }
  wanted.push_back({"vault", "none"});
  obtain(wanted);
  EXPECT_EQ(store->calls(), 6u);
  EXPECT_EQ(peek("doc49"), "v");
  EXPECT_EQ(peek("none"), "(missing)");
}

TEST_F(CacheTest, WhatCannotBeOfThisKindIsLeftOutOfABatch) {
  batch = 10;
  start();
  store->put("a", "one");
  obtain({{"vault", "a"}, {"vault", "!x"}, {"vault", "b"}});
  EXPECT_EQ(peek("a"), "one");
  EXPECT_EQ(peek("!x"), "(bad_reference)");
  EXPECT_EQ(store->reads_of("!x"), 0u);
}

TEST_F(CacheTest, NothingToObtainIsDoneAtOnceAndElsewhere) {
  const auto here = std::this_thread::get_id();
  std::atomic<bool> elsewhere = false;
  std::latch done(1);
  FetchTime time;
  sources->obtain({}, time, [&] {
    elsewhere = std::this_thread::get_id() != here;
    done.count_down();
  });
  done.wait();
  EXPECT_TRUE(elsewhere);
  obtain({{"nobody", "a"}});
}

TEST_F(CacheTest, AValueIsFreshForItsTimeAndThenAskedFor) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  store->put("a", "two");
  EXPECT_EQ(get("a"), "one");
  pass_time(301s);
  EXPECT_EQ(get("a"), "two");
}

TEST_F(CacheTest, TheStoresOwnWordOnTimeGoesFirst) {
  auto document = test::text("lease");
  document.good_for = 7200s;
  store->put("a", std::move(document));
  const Found found = fetch("a");
  EXPECT_EQ(found.origin->fresh_until, clock.now() + 7200s);
}

TEST_F(CacheTest, AGenerationChangesWithTheContentOnly) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  const Dependency before = dependency_on("a");
  EXPECT_TRUE(before.holds(clock.now()));
  EXPECT_FALSE(before.holds(clock.now() + 300s)) << "the store has to be asked first";
  ASSERT_EQ(sources->refresh("vault")->read, 1u);
  EXPECT_TRUE(before.holds(clock.now()));
  store->put("a", "two");
  ASSERT_EQ(sources->refresh("vault")->read, 1u);
  EXPECT_FALSE(before.holds(clock.now()));
  EXPECT_TRUE(dependency_on("a").holds(clock.now()));
}

TEST_F(CacheTest, WhatIsUsedIsRefreshedAheadWithoutAnybodyWaiting) {
  store->put("used", "one");
  EXPECT_EQ(get("used"), "one");
  const Dependency dependency = dependency_on("used");
  store->put("used", "two");
  pass_time(280s);
  dependency.touch(clock.now());
  ASSERT_TRUE(store->wait_for_calls(2));
  ASSERT_TRUE(eventually([&] { return peek("used") == "two"; }));
  pass_time(200s);
  EXPECT_EQ(say(now("used", Patience::kMayWait)), "two") << "fresh beyond its first time";
}

TEST_F(CacheTest, WhatIsNotUsedIsNotRefreshed) {
  settings.ttl = 100s;
  start();
  store->put("idle", "one");
  store->put("other", "one");
  EXPECT_EQ(get("idle"), "one");
  // Used when it was read; not since.
  pass_time(1000s);
  EXPECT_EQ(get("other"), "one");
  pass_time(99s);
  ASSERT_TRUE(store->wait_for_calls(3)) << "other, ahead of its time";
  EXPECT_EQ(store->reads_of("idle"), 1u);
}

TEST_F(CacheTest, WhatIsSaidToHaveChangedIsReadAnewBeforeItIsServed) {
  store->put("file", "one");
  EXPECT_EQ(get("file"), "one");
  const Dependency before = dependency_on("file");
  store->put("file", "two");
  store->say_changed("file");
  ASSERT_TRUE(eventually([&] { return peek("file") == "two"; }));
  EXPECT_FALSE(before.holds(clock.now()));
}

TEST_F(CacheTest, TheLeastRecentlyUsedGoesWhenThereIsNoRoom) {
  options.documents_max = 3;
  start();
  for (const char* locator : {"a", "b", "c", "d"}) store->put(locator, locator);
  for (const char* locator : {"a", "b", "c"}) {
    EXPECT_EQ(get(locator), locator);
    pass_time(1s);
  }
  const Dependency on_b = dependency_on("b");
  pass_time(1s);
  EXPECT_EQ(peek("a"), "a");
  pass_time(1s);
  EXPECT_EQ(get("d"), "d");
  ASSERT_TRUE(eventually([&] { return status().documents == 3; }));
  EXPECT_EQ(peek("a"), "a");
  EXPECT_EQ(peek("b"), "b");
  EXPECT_EQ(peek("c"), "(outage)") << "gone: asked for again by whoever may wait";
  EXPECT_TRUE(on_b.holds(clock.now()));
  EXPECT_EQ(get("c"), "c");
}

TEST_F(CacheTest, BytesAreBoundedToo) {
  options.bytes_max = 100'000;
  start();
  const std::string large(30'000, 'x');
  for (int i = 0; i < 10; ++i) {
    store->put("doc" + std::to_string(i), test::text(large));
    EXPECT_EQ(get("doc" + std::to_string(i)), large);
    pass_time(1s);
  }
  ASSERT_TRUE(eventually([&] { return status().documents <= 3; }));
  EXPECT_EQ(peek("doc9"), large);
}

TEST_F(CacheTest, AStoreThatHangsHoldsNobodyBeyondTheDeadline) {
  settings.deadline = 50ms;
  start();
  store->put("a", "one");
  store->hold();
  EXPECT_EQ(get("a"), "(outage)");
  ASSERT_TRUE(eventually([&] { return status().errors[0].second == 1; })) << "given up";
  EXPECT_EQ(status().last_error, "source vault did not answer in time");
  EXPECT_FALSE(status().reachable);
  store->release();
  pass_time(60s);
  EXPECT_TRUE(eventually([&] { return get("a") == "one"; }));
}

TEST_F(CacheTest, AWatchThatHangsHoldsUpNothingElse) {
  settings.deadline = 20ms;
  start();
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  ASSERT_TRUE(store->hold_watch());
  store->put("a", "two");
  pass_time(280s);
  EXPECT_EQ(peek("a"), "one");
  EXPECT_TRUE(eventually([&] { return peek("a") == "two"; })) << "refreshed ahead";
  sources.reset();
  store->release();
}

TEST_F(CacheTest, AFetchThatWaitsAgainHasWhatIsLeftOfItsTime) {
  settings.deadline = 1h;
  start();
  store->put("a", "one");
  store->hold();
  FetchTime time;
  time.started -= 1h;
  obtain({{"vault", "a"}}, time);  // comes back, although the call does not
  EXPECT_EQ(time.span, 1h);
  EXPECT_EQ(peek("a"), "(outage)");
  ASSERT_TRUE(store->wait_for_calls(1));
  store->release();
  EXPECT_TRUE(eventually([&] { return peek("a") == "one"; })) << "it was read all the same";
}

TEST_F(CacheTest, TheTimeOfAFetchIsThatOfTheMostPatientSourceItAsked) {
  settings.deadline = 1h;
  start();
  store->put("a", "one");
  store->hold();
  FetchTime time{.started = std::chrono::steady_clock::now() - 2h, .span = 3h};
  std::atomic<bool> done = false;
  sources->obtain({{"vault", "a"}}, time, [&] { done = true; });
  ASSERT_TRUE(store->wait_for_calls(1));
  EXPECT_FALSE(done) << "an hour is left";
  EXPECT_EQ(time.span, 3h);
  store->release();
  EXPECT_TRUE(eventually([&] { return done.load(); }));
}

TEST_F(CacheTest, TheEndDoesNotWaitForACallThatHangs) {
  settings.deadline = 20ms;
  start();
  store->hold();
  std::atomic<int> done = 0;
  FetchTime time;
  sources->obtain({{"vault", "a"}}, time, [&] { ++done; });
  ASSERT_TRUE(store->wait_for_calls(1));
  ASSERT_TRUE(eventually([&] { return done == 1; }));
  sources.reset();
  store->release();
}

TEST_F(CacheTest, TheEndDuringCallsIsQuietAndCallsNoDone) {
  store->put("a", "one");
  store->hold();
  std::atomic<int> done = 0;
  FetchTime time;
  sources->obtain({{"vault", "a"}, {"vault", "b"}}, time, [&] { ++done; });
  ASSERT_TRUE(store->wait_for_calls(2));
  std::thread ending([&] { sources.reset(); });
  store->release();
  ending.join();
  EXPECT_LE(done, 1);
}

TEST_F(CacheTest, AClockThatWentBackMakesNothingLiveLonger) {
  store->put("a", "one");
  EXPECT_EQ(get("a"), "one");
  const auto age = [&] { return clock.now().microseconds - now("a").origin->read_at.microseconds; };
  pass_time(-86'400s);
  ASSERT_TRUE(eventually([&] { return age() == 0; }));
  pass_time(301s);
  EXPECT_EQ(now("a", Patience::kMayWait).state, Found::State::kPending);
}

TEST_F(CacheTest, MetricsNameSourcesAndNoLocators) {
  store->put("secret/locator", "value-of-it");
  EXPECT_EQ(get("secret/locator"), "value-of-it");
  EXPECT_EQ(get("none"), "(missing)");
  const auto families = sources->metrics();
  std::map<std::string, double> sums;
  for (const auto& family : families) {
    for (const auto& sample : family.samples) {
      sums[family.name] += sample.value;
      for (const auto count : sample.histogram.classes) {
        sums[family.name] += static_cast<double>(count);
      }
      for (const auto& [name, value] : sample.labels) {
        EXPECT_TRUE(name == "source" || name == "kind");
        EXPECT_EQ(value.find("locator"), std::string::npos);
      }
    }
  }
  EXPECT_EQ(sums["sutler_source_calls_total"], 2);
  EXPECT_EQ(sums["sutler_source_wait_seconds"], 2) << "each fetch that waited";
  EXPECT_EQ(sums["sutler_source_errors_total"], 1);
  EXPECT_EQ(sums["sutler_source_documents"], 1);
  EXPECT_EQ(sums["sutler_source_up"], 1);
}

TEST_F(CacheTest, CheckAsksTheDriver) {
  EXPECT_EQ(*sources->check("vault"), "all is well");
  EXPECT_EQ(sources->check("nobody").error().kind, FailureKind::kBadReference);
  EXPECT_EQ(sources->refresh("nobody").error().code, base::Code::kNotFound);
}

}  // namespace
}  // namespace sutler::source
