#include "resolve/match_index.h"

#include <gtest/gtest.h>

#include <string>

#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;

TEST(MatchIndex, AnExactProjectAndObjectMustBothMatch) {
  World world;
  world.put(group("g").project("pay").object("api"));
  EXPECT_EQ(world.matching("pay/api"), "g");
  EXPECT_EQ(world.matching("pay/ap"), "");
  EXPECT_EQ(world.matching("pay/apis"), "");
  EXPECT_EQ(world.matching("shop/api"), "");
  EXPECT_EQ(world.matching("api/pay"), "");
}

TEST(MatchIndex, PatternsOfEveryKindAreFound) {
  World world;
  world.put(group("prefix").project("pay-*"));
  world.put(group("free").project("*-prod"));
  world.put(group("one").project("pay-pro?"));
  world.put(group("star").project("*"));
  world.put(group("all"));
  EXPECT_EQ(world.matching("pay-prod/api"), "free one prefix star all");
  EXPECT_EQ(world.matching("pay-/api"), "prefix star all");
  EXPECT_EQ(world.matching("shop/api"), "star all");
}

TEST(MatchIndex, TypesAreComparedWithoutCase) {
  World world;
  world.put(group("g").object("api:Service"));
  EXPECT_EQ(world.matching("p/api:sERVICE"), "g");
  EXPECT_EQ(world.matching("p/api:job"), "");
}

TEST(MatchIndex, AGroupOfAnotherTeamIsNotFound) {
  World world;
  world.put_team("other");
  world.put(group("g", "other"));
  EXPECT_EQ(world.matching("p/o"), "");
  EXPECT_EQ(world.matching(workload("p/o", "other")), "g");
  EXPECT_EQ(world.matching(workload("p/o", "nobody")), "");
}

TEST(MatchIndex, AGroupThatMatchesInSeveralWaysIsFoundOnce) {
  World world;
  world.put(group("g").project("pay").project("p*").project("*y").object("api").object("a*"));
  EXPECT_EQ(world.matching("pay/api"), "g");
}

TEST(MatchIndex, TheOrderIsPriorityThenSpecificityThenName) {
  World world;
  world.put(group("z-high").priority(50));
  world.put(group("b-any"));
  world.put(group("a-any"));
  world.put(group("project").project("p"));
  world.put(group("object").object("o"));
  world.put(group("low").priority(0).project("p").object("o"));
  EXPECT_EQ(world.matching("p/o"), "z-high object project a-any b-any low");
}

TEST(MatchIndex, AGroupWithMorePairsThanTheLimitIsStillFound) {
  World world;
  auto builder = group("wide");
  for (int i = 0; i < 40; ++i) {
    const std::string n = std::to_string(i);
    builder.project("p" + n).object("o" + n);
  }
  world.put(builder);
  EXPECT_EQ(world.matching("p3/o39"), "wide");
  EXPECT_EQ(world.matching("p3/o40"), "");
  world.drop("wide");
  EXPECT_EQ(world.matching("p3/o39"), "");
}

TEST(MatchIndex, WhatIsErasedIsNotFoundAndTheRestStays) {
  World world;
  world.put(group("a").project("p*"));
  world.put(group("b").project("p*"));
  world.drop("a");
  EXPECT_EQ(world.matching("pay/api"), "b");
  world.put(group("b").project("x*"));
  EXPECT_EQ(world.matching("pay/api"), "");
  EXPECT_EQ(world.matching("x/api"), "b");
}

TEST(MatchIndex, AnOlderViewKeepsWhatItHad) {
  World world;
  world.put(group("a").project("p"));
  const auto before = world.view();
  world.drop("a");
  EXPECT_EQ(before->index.find(workload("p/o")).size(), 1u);
  EXPECT_EQ(world.view()->index.find(workload("p/o")).size(), 0u);
}

TEST(MatchIndex, FreeGlobsAreCountedAndPrefixesAreNot) {
  World world;
  world.put(group("a").project("*x").project("p*").object("?").object("o"));
  world.put(group("b").project("*x"));
  EXPECT_EQ(world.view()->index.free_globs("default"), 3u);
  world.drop("a");
  EXPECT_EQ(world.view()->index.free_globs("default"), 1u);
  EXPECT_EQ(world.view()->index.groups("default"), 1u);
  EXPECT_EQ(world.view()->index.free_globs("nobody"), 0u);
}

}  // namespace
}  // namespace sutler::resolve
