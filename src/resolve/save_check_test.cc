#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

#include "base/glob.h"
#include "resolve/overlap.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::World;

std::vector<model::Group> list(test::GroupBuilder& builder) {
  std::vector<model::Group> groups;
  groups.push_back(builder.build());
  return groups;
}

std::vector<std::string> ties(const World& world, const std::vector<model::Group>& groups) {
  std::vector<std::string> found;
  for (std::string& warning : save_warnings(*world.view(), groups)) {
    if (warning.find("both set") != std::string::npos) found.push_back(std::move(warning));
  }
  return found;
}

TEST(SaveCheck, TheSameKeyAtTheSameLevelIsWarnedAbout) {
  World world;
  world.put(group("b").project("pay").set("A", "1").set("B", "1").set("C", "1"));
  const auto found = ties(world, list(group("a").project("p*").set("A", "2").set("C", "2")));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0],
            "groups a and b of team default both set A, C at priority 10 and the same specificity: "
            "where both match, a wins by its name alone");
}

TEST(SaveCheck, WhatCannotTieIsNotWarnedAbout) {
  World world;
  world.put_team("other");
  world.put(group("stored").project("pay").set("A", "1"));
  const auto none = [&](test::GroupBuilder& builder) { return ties(world, list(builder)).empty(); };
  EXPECT_TRUE(none(group("g").project("shop").set("A", "2")));
  EXPECT_TRUE(none(group("g").project("pay").set("B", "2")));
  EXPECT_TRUE(none(group("g").project("pay").priority(11).set("A", "2")));
  EXPECT_TRUE(none(group("g").project("pay").object("api").set("A", "2")));
  EXPECT_TRUE(none(group("g", "other").project("pay").set("A", "2")));
  EXPECT_TRUE(none(group("stored").project("pay").set("A", "2")));
}

TEST(SaveCheck, TheGroupsOfOneSaveAreComparedWithEachOther) {
  World world;
  std::vector<model::Group> groups = list(group("a").object("api:job").set("A", "1"));
  groups.push_back(group("b").object("a*:JOB").set("A", "1").build());
  groups.push_back(group("c").object("a*:service").set("A", "1").build());
  EXPECT_EQ(ties(world, groups).size(), 1u);
}

TEST(SaveCheck, TiesAreToldInTenLinesAtMost) {
  World world;
  std::vector<model::Group> groups;
  for (int i = 0; i < 6; ++i) {
    groups.push_back(group("g" + std::to_string(i)).project("p").set("A", "1").build());
  }
  const auto warnings = save_warnings(*world.view(), groups);
  ASSERT_EQ(warnings.size(), 11u);  // of 6 * 5 / 2 pairs
  EXPECT_EQ(warnings.back(), "and 5 more pairs of groups that set the same keys");
}

TEST(SaveCheck, NamesOfThePlatformAreWarnedAbout) {
  World world;
  EXPECT_FALSE(
      save_warnings(*world.view(), list(group("g").project("p").set("NF_X", "1"))).empty());
  EXPECT_TRUE(save_warnings(*world.view(), list(group("g").project("p").set("X", "1"))).empty());
}

TEST(SaveCheck, FreeGlobsHaveALimitPerTeam) {
  World world;
  std::vector<model::Group> groups;
  for (int i = 0; i < 10; ++i) {
    auto builder = group("g" + std::to_string(i));
    for (int j = 0; j < 100; ++j) builder.project("*" + std::to_string(j));
    groups.push_back(builder.build());
  }
  EXPECT_TRUE(check_free_globs(*world.view(), groups));
  world.put(std::move(groups));
  EXPECT_FALSE(check_free_globs(*world.view(), list(group("one-more").project("*x"))));
  EXPECT_TRUE(check_free_globs(*world.view(), list(group("one-more").project("x*"))));
  EXPECT_TRUE(check_free_globs(*world.view(), list(group("g0").project("*x"))));
}

TEST(Overlap, PatternsOverlapWhenANameMatchesBoth) {
  EXPECT_TRUE(globs_overlap("a", "a"));
  EXPECT_FALSE(globs_overlap("a", "b"));
  EXPECT_TRUE(globs_overlap("a*", "*b"));
  EXPECT_FALSE(globs_overlap("a*", "b*"));
  EXPECT_TRUE(globs_overlap("a?c", "?b?"));
  EXPECT_FALSE(globs_overlap("a?", "???"));
  EXPECT_TRUE(globs_overlap("*", ""));
}

// Every name of at most five letters, tried one by one.
bool overlap_by_trying(const std::string& a, const std::string& b, const std::string& name) {
  if (base::glob_matches(a, name) && base::glob_matches(b, name)) return true;
  return name.size() < 5 &&
         (overlap_by_trying(a, b, name + 'a') || overlap_by_trying(a, b, name + 'b'));
}

RC_GTEST_PROP(OverlapProperty, ItAgreesWithTryingEveryShortName, ()) {
  const auto pattern = rc::gen::map(
      rc::gen::container<std::string>(rc::gen::element('a', 'b', '*', '?')),
      [](std::string text) { return text.substr(0, 3); });  // two of them need five letters at most
  const std::string a = *pattern;
  const std::string b = *pattern;
  RC_ASSERT(globs_overlap(a, b) == overlap_by_trying(a, b, ""));
}

}  // namespace
}  // namespace sutler::resolve
