#include "resolve/bundle_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "model/bundle.h"
#include "resolve/test_random.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;

std::string body_of(const BundleCache::Entry& entry) {
  std::string body(entry.body_bytes(), '\0');
  EXPECT_TRUE(entry.open_into(body.data()));
  return body;
}

std::string get(BundleCache& cache, const World& world, const model::Workload& asks) {
  const auto entry = cache.get(*world.view(), asks);
  return entry ? body_of(*entry) : "error: " + entry.error().name;
}

std::string get(BundleCache& cache, const World& world, std::string_view asks) {
  return get(cache, world, workload(asks));
}

std::string body(std::string_view key, std::string_view value) {
  return R"({"secrets":[{"type":"ENV","key":")" + std::string(key) + R"(","value":")" +
         std::string(value) + R"("}]})";
}

// Whether asking again is answered from the cache.
bool is_cached(BundleCache& cache, const World& world, const model::Workload& asks) {
  const auto hits = cache.hits();
  std::ignore = cache.get(*world.view(), asks);
  return cache.hits() > hits;
}

bool is_cached(BundleCache& cache, const World& world, std::string_view asks) {
  return is_cached(cache, world, workload(asks));
}

TEST(BundleCache, TheSecondFetchIsAHitWithTheSameAnswer) {
  World world;
  world.put(group("g").set("A", "1"));
  BundleCache cache({});
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "1"));
  EXPECT_EQ(cache.misses(), 1u);
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "1"));
  EXPECT_EQ(cache.hits(), 1u);
  const auto entry = cache.get(*world.view(), workload("p/o"));
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->groups_json(), R"([{"name":"g","version":1}])");
  EXPECT_EQ(entry->keys_json(), R"(["A"])");
}

TEST(BundleCache, EachPartOfTheWorkloadTellsEntriesApart) {
  World world;
  world.put_team("other");
  world.put(group("g").text(
      "A", "${workload.projectId}/${workload.nfObjectId}:${workload.nfObjectType}"));
  world.put(group("h", "other").set("A", "other"));
  BundleCache cache({});
  EXPECT_EQ(get(cache, world, "a/bc"), body("A", "a/bc:service"));
  EXPECT_EQ(get(cache, world, "ab/c"), body("A", "ab/c:service"));
  EXPECT_EQ(get(cache, world, "a/bc:Service"), body("A", "a/bc:Service"));
  EXPECT_EQ(get(cache, world, workload("a/bc", "other")), body("A", "other"));
  EXPECT_EQ(cache.hits(), 0u);
}

TEST(BundleCache, AnEditOfValuesInvalidatesTheWorkloadsOfThatGroupOnly) {
  World world;
  world.put(group("p").project("p").set("A", "1"));
  world.put(group("q").project("q").set("A", "1"));
  BundleCache cache({});
  get(cache, world, "p/o");
  get(cache, world, "q/o");
  world.put(group("p").project("p").set("A", "2"));
  EXPECT_TRUE(is_cached(cache, world, "q/o"));
  EXPECT_FALSE(is_cached(cache, world, "p/o"));
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "2"));
  EXPECT_TRUE(is_cached(cache, world, "p/o"));
}

TEST(BundleCache, ANewMatchingGroupInvalidates) {
  World world;
  world.put(group("g").set("A", "1"));
  BundleCache cache({});
  get(cache, world, "p/o");
  world.put(group("h").priority(20).set("A", "2"));
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "2"));
  world.drop("h");
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "1"));
}

TEST(BundleCache, AnEditOfRestrictionsInvalidates) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  BundleCache cache({});
  get(cache, world, "p/o");
  world.put(group("g").project("q").set("A", "1"));
  EXPECT_EQ(get(cache, world, "p/o"), R"({"secrets":[]})");
}

TEST(BundleCache, AnEditInAnotherTeamDoesNotInvalidate) {
  World world;
  world.put_team("other");
  world.put(group("g").set("A", "1"));
  BundleCache cache({});
  get(cache, world, "p/o");
  world.put(group("g", "other").set("A", "2"));
  EXPECT_TRUE(is_cached(cache, world, "p/o"));
}

TEST(BundleCache, ATeamThatBeginsToRequireAMatchIsHeard) {
  World world;
  world.put(group("g").project("x"));
  BundleCache cache({});
  EXPECT_EQ(get(cache, world, "p/o"), R"({"secrets":[]})");
  EXPECT_TRUE(is_cached(cache, world, "p/o"));
  model::TeamOptions options;
  options.require_match = true;
  world.put_team("default", options);
  EXPECT_EQ(get(cache, world, "p/o"), "error: no_match");
}

TEST(BundleCache, ErrorsAreNotCached) {
  World world;
  world.put(group("g").set("A", "1").require("B"));
  BundleCache cache({});
  EXPECT_EQ(get(cache, world, "p/o"), "error: missing_required");
  world.put(group("g").set("A", "1"));
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "1"));
}

TEST(BundleCache, AReaderOfAnOlderViewGetsThatViewsAnswer) {
  World world;
  world.put(group("g").set("A", "1"));
  const auto old_view = world.view();
  world.put(group("g").set("A", "2"));
  BundleCache cache({});
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "2"));
  EXPECT_EQ(body_of(*cache.get(*old_view, workload("p/o"))), body("A", "1"));
  EXPECT_EQ(get(cache, world, "p/o"), body("A", "2"));
}

TEST(BundleCache, ItNeverHoldsMoreThanItMay) {
  World world;
  world.put(group("g").set("A", std::string(1000, 'x')));
  BundleCache cache({.bytes_max = 20'000});
  for (int i = 0; i < 200; ++i) {
    get(cache, world, "p/o" + std::to_string(i));
    ASSERT_LE(cache.bytes(), 20'000u);
  }
  EXPECT_GT(cache.bytes(), 10'000u);
  EXPECT_TRUE(is_cached(cache, world, "p/o199"));
  EXPECT_FALSE(is_cached(cache, world, "p/o0"));
}

TEST(BundleCache, AnAnswerLargerThanTheCacheIsGivenAndNotKept) {
  World world;
  world.put(group("g").set("A", std::string(5000, 'x')));
  BundleCache cache({.bytes_max = 4096});
  EXPECT_EQ(get(cache, world, "p/o"), body("A", std::string(5000, 'x')));
  EXPECT_EQ(cache.bytes(), 0u);
}

TEST(BundleCache, AWornKeyIsChangedAndTheCacheStartsEmpty) {
  World world;
  world.put(group("g").text("A", "${workload.nfObjectId}"));
  BundleCache cache({.seals_per_key_max = 2});
  const auto kept = cache.get(*world.view(), workload("p/a"));
  get(cache, world, "p/b");
  EXPECT_TRUE(is_cached(cache, world, "p/a"));
  EXPECT_EQ(get(cache, world, "p/c"), body("A", "c"));
  EXPECT_FALSE(is_cached(cache, world, "p/a"));
  EXPECT_TRUE(is_cached(cache, world, "p/c"));
  EXPECT_EQ(body_of(*kept), body("A", "a"));
}

TEST(BundleCache, NoOldSnapshotIsKeptAlive) {
  World world;
  world.put(group("g").set("A", "1"));
  BundleCache cache({});
  const std::weak_ptr<const View> view = world.view();
  const std::weak_ptr<const store::GroupRecord> record =
      world.view()->snapshot->find_group("default", "g");
  get(cache, world, "p/o");
  world.put(group("g").set("A", "2"));
  EXPECT_TRUE(view.expired());
  EXPECT_TRUE(record.expired());
}

TEST(BundleCache, ManyThreadsGetRightAnswersFromASmallCache) {
  World world;
  world.put(group("g").text("A", "${workload.nfObjectId}"));
  BundleCache cache({.bytes_max = 30'000, .seals_per_key_max = 100});
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 500; ++i) {
        const std::string id = "o" + std::to_string((i * 7 + t) % 40);
        if (get(cache, world, "p/" + id) != body("A", id)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_LE(cache.bytes(), 30'000u);
}

RC_GTEST_PROP(BundleCacheProperty, TheCacheNeverAnswersOtherwiseThanResolve, ()) {
  const auto changes = *test::any_changes(test::Texts::kTemplatesToo);
  World world;
  BundleCache cache({.bytes_max = 20'000});
  for (const test::Change& change : changes) {
    apply(world, change);
    const auto asks = *test::any_workload();
    const auto resolved = resolve(*world.view(), asks);
    const std::string expected =
        resolved ? std::string(model::write_bundle_json(resolved->bundle).expose())
                 : "error: " + resolved.error().name;
    RC_ASSERT(get(cache, world, asks) == expected);
  }
}

}  // namespace
}  // namespace sutler::resolve
