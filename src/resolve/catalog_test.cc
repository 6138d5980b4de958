#include "resolve/catalog.h"

#include <gtest/gtest.h>

#include <vector>

#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::World;

std::uint64_t generation(const World& world, std::string_view team = "default") {
  return world.view()->index.generation(team);
}

TEST(Catalog, EachPublicationIsAViewOfItsOwn) {
  World world;
  const auto first = world.view();
  world.put(group("g"));
  EXPECT_EQ(world.view()->generation, first->generation + 1);
  EXPECT_EQ(world.view()->snapshot->revision, first->snapshot->revision + 1);
}

TEST(Catalog, ValuesAloneDoNotRaiseTheTeamsGeneration) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  const auto before = generation(world);
  world.put(group("g").project("p").set("A", "2").set("B", "3"));
  EXPECT_EQ(generation(world), before);
  EXPECT_EQ(world.fetch("p/o"), "A=2 B=3");
}

TEST(Catalog, AHeaderAComingAndAGoingRaiseTheTeamsGeneration) {
  World world;
  world.put(group("g").project("p"));
  const auto first = generation(world);
  world.put(group("g").project("p").priority(11));
  const auto second = generation(world);
  EXPECT_GT(second, first);
  world.put(group("h"));
  const auto third = generation(world);
  EXPECT_GT(third, second);
  world.drop("h");
  EXPECT_GT(generation(world), third);
}

TEST(Catalog, OtherTeamsKeepTheirGeneration) {
  World world;
  world.put_team("other");
  world.put(group("g"));
  const auto before = generation(world);
  world.put(group("g", "other"));
  EXPECT_EQ(generation(world), before);
  EXPECT_GT(generation(world, "other"), before);
}

TEST(Catalog, AWholeReloadFindsTheSameAndRaisesEveryGeneration) {
  World world;
  world.put(group("g").project("p").set("A", "1"));
  const auto view = world.view();
  Catalog catalog;
  catalog.publish({nullptr, view->snapshot, {}, {}, false});
  const auto first = catalog.view();
  catalog.publish({view->snapshot, view->snapshot, {}, {}, true});
  EXPECT_EQ(catalog.generation(), 2u);
  EXPECT_GT(catalog.view()->index.generation("default"), first->index.generation("default"));
  EXPECT_EQ(catalog.view()->index.find(test::workload("p/o")).size(), 1u);
}

TEST(Catalog, ManyGroupsInOneCommitAreAllFound) {
  World world;
  std::vector<model::Group> groups;
  for (int i = 0; i < 2000; ++i) {
    const std::string n = std::to_string(i);
    groups.push_back(group("g" + n).project("p" + std::to_string(i % 50)).object("o" + n).build());
  }
  world.put(std::move(groups));
  EXPECT_EQ(world.matching("p7/o1007"), "g1007");
  EXPECT_EQ(world.matching("p7/o1008"), "");
}

}  // namespace
}  // namespace sutler::resolve
