#include "resolve/reference_check.h"

#include <gtest/gtest.h>

#include "resolve/probe_workloads.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::World;

// "ok", "warned", or the code of the refusal.
std::string verdict(const World& world, std::vector<model::Group> groups) {
  const auto checked = check_references(*world.view(), groups);
  if (!checked) return checked.error().name;
  return checked->empty() ? "ok" : "warned";
}
std::string verdict(const World& world, test::GroupBuilder& builder) {
  std::vector<model::Group> groups;
  groups.push_back(builder.build());
  return verdict(world, std::move(groups));
}

TEST(ReferenceCheck, ACycleAcrossGroupsIsRefusedWithItsWay) {
  World world;
  world.put(group("b").text("B", "${C}").text("C", "${A}"));
  std::vector<model::Group> groups;
  groups.push_back(group("a").text("A", "${B}").build());
  const auto refused = check_references(*world.view(), groups);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message,
            "group a: with other groups its templates go round in a cycle: "
            "A (a) -> B (b) -> C (b) -> A (a)");
  EXPECT_EQ(refused.error().name, "template_cycle");
}

TEST(ReferenceCheck, WhatSomebodyMayNotSeeIsNotNamed) {
  World world;
  world.put(group("hidden").text("B", "${C}").text("C", "${A}"));
  std::vector<model::Group> groups;
  groups.push_back(group("a").text("A", "${B}").build());
  const auto refused = check_references(*world.view(), groups, [](const auto&) { return false; });
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().message.contains("hidden")) << refused.error().message;
  EXPECT_FALSE(refused.error().message.contains("C ")) << refused.error().message;
}

TEST(ReferenceCheck, ACycleIsSeenFromEitherSideWhicheverIsNarrower) {
  const auto wide = [] { return group("wide").project("pay-*").text("A", "${B}").build(); };
  const auto narrow = [] { return group("narrow").project("pay-prod").text("B", "${A}").build(); };
  World first, second;
  first.put(wide());
  std::vector<model::Group> groups;
  groups.push_back(narrow());
  EXPECT_EQ(verdict(first, std::move(groups)), "template_cycle");
  second.put(narrow());
  groups.clear();
  groups.push_back(wide());
  EXPECT_EQ(verdict(second, std::move(groups)), "template_cycle");
  World empty;  // and when both come at once
  groups.clear();
  groups.push_back(wide());
  groups.push_back(narrow());
  EXPECT_EQ(verdict(empty, std::move(groups)), "template_cycle");
  groups.clear();
  groups.push_back(group("by-project").project("p").text("A", "${B}").build());
  groups.push_back(group("by-object").object("o").text("B", "${A}").build());
  EXPECT_EQ(verdict(empty, std::move(groups)), "template_cycle");
}

TEST(ReferenceCheck, WhatNeverMeetsIsNoCycle) {
  World world;
  world.put_team("other");
  world.put(group("b").project("shop").text("B", "${A}").set("A", "1"));
  world.put(group("c", "other").text("B", "${A}"));
  EXPECT_EQ(verdict(world, group("a").project("pay").text("A", "${B}").set("B", "1")), "ok");
  // The group that wins breaks it.
  world.put(group("top").priority(90).set("A", "end"));
  EXPECT_EQ(verdict(world, group("a").project("shop").text("A", "${B}")), "ok");
}

TEST(ReferenceCheck, TheGroupAsItWasDoesNotCount) {
  World world;
  world.put(group("a").set("A", "1"));
  world.put(group("b").text("B", "${A}"));
  EXPECT_EQ(verdict(world, group("a").text("A", "${B}")), "template_cycle");
  std::vector<model::Group> both;
  both.push_back(group("a").text("A", "${B}").build());
  both.push_back(group("b").set("B", "1").build());
  EXPECT_EQ(verdict(world, std::move(both)), "ok");
}

TEST(ReferenceCheck, ANameThatNobodyHasIsRefused) {
  World world;
  world.put_team("other");
  world.put(group("far").project("shop").set("X", "1"));
  world.put(group("c", "other").set("Y", "1"));
  EXPECT_EQ(verdict(world, group("a").text("A", "${Y}")), "unknown_name");
  EXPECT_EQ(verdict(world, group("a").project("pay").text("A", "${X}")), "unknown_name");
  EXPECT_EQ(verdict(world, group("a").project("pay").text("/f", "${X}")), "unknown_name");
  EXPECT_EQ(verdict(world, group("a").project("shop").text("A", "${X}")), "ok");
  EXPECT_EQ(verdict(world, group("a").project("pay").set("X", "").text("A", "${X}")), "ok");
  EXPECT_EQ(verdict(world, group("a").text("A", "${workload.projectId}")), "ok");
  std::vector<model::Group> both;
  both.push_back(group("a").text("A", "${Y}").build());
  both.push_back(group("b").set("Y", "1").build());
  EXPECT_EQ(verdict(world, std::move(both)), "ok");
}

TEST(ReferenceCheck, ANameThatOnlySomeWorkloadsHaveIsWarnedAbout) {
  World world;
  world.put(group("shop-only").project("shop").set("X", "1"));
  EXPECT_EQ(verdict(world, group("a").text("A", "${X}")), "warned");
  EXPECT_EQ(verdict(world, group("a").object("api").text("A", "${X}")), "warned");
  // Here the workload is known that would fail.
  EXPECT_EQ(
      verdict(world,
              group("a").project("shop").project("pay").object("api:service").text("A", "${X}")),
      "unknown_name");
  // A template that loses the merge is not evaluated.
  world.put(group("top").priority(90).set("A", "1"));
  EXPECT_EQ(verdict(world, group("a").text("A", "${X}")), "ok");
}

TEST(ReferenceCheck, AWorldOfPartnersIsBounded) {
  World world;
  std::vector<model::Group> many;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(
        group("g" + std::to_string(i)).project("p" + std::to_string(i)).set("X", "1").build());
  }
  world.put(std::move(many));
  EXPECT_EQ(verdict(world, group("a").text("A", "${X}")), "warned");
}

TEST(ProbeWorkloads, StandForWhatBothMatch) {
  const auto probe = [](auto&& a, auto&& b) {
    std::string text;
    for (const auto& [workload, exact] : probe_workloads("default", a.build().header.restrictions,
                                                         b.build().header.restrictions, 9)) {
      text += workload.project_id + "/" + workload.object_id + ":" + workload.object_type +
              (exact ? "! " : " ");
    }
    return text;
  };
  EXPECT_EQ(probe(group("a"), group("b")), "~~/~~:~~ ");
  EXPECT_EQ(probe(group("a").project("p").object("o:job"), group("b")), "p/o:job! ");
  EXPECT_EQ(probe(group("a").project("p*").object("o"), group("b").project("pq").object("*:job")),
            "pq/o:job! ");
  EXPECT_EQ(probe(group("a").project("p?r*"), group("b")), "p~r~~/~~:~~ ");
  EXPECT_EQ(probe(group("a").project("p"), group("b").project("q")), "");
  EXPECT_EQ(probe(group("a").object("o:job"), group("b").object("o:service")), "");
  EXPECT_EQ(probe(group("a").project("a").project("b"), group("b").project("*")),
            "a/~~:~~ b/~~:~~ ");
}

}  // namespace
}  // namespace sutler::resolve
