// Two writers, one thing: who says which version he saw never overwrites another.
#include <gtest/gtest.h>

#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::changes;
using test::Fixture;
using test::group;
using test::kSomebody;
using test::must;
using test::put;
using test::show;
using test::team;

TEST(Store, AnExpectedVersionThatIsNotCurrentIsAConflictAndNothingIsWritten) {
  Fixture fixture;
  must(put(*fixture.store, group("g", {{"A", "1"}})));
  for (const std::uint64_t wrong : {0U, 2U}) {
    const auto refused = fixture.store->commit(
        changes(PutGroup{group("h"), {}}, PutGroup{group("g", {{"A", "2"}}), wrong}), kSomebody);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_NE(refused.error().message.find("\"g\""), std::string::npos);
  }
  EXPECT_EQ(put(*fixture.store, group("new"), 3).error().code, Code::kConflict);
  EXPECT_EQ(show(*fixture.store->snapshot(), "h"), "none");
  EXPECT_EQ(fixture.store->snapshot()->revision, 2U);
  EXPECT_EQ(must(put(*fixture.store, group("g"), 1)), 3U);
}

TEST(Store, ACommitMayDependOnGroupsThatItDoesNotChange) {
  Fixture fixture;
  must(put(*fixture.store, group("g")));
  const auto with = [&](const std::string& name, std::uint64_t version) {
    return fixture.store->commit(
        changes(PutGroup{group("h"), {}}, ExpectGroup{"default", name, version}), kSomebody);
  };
  for (const auto& wrong : {with("g", 0), with("g", 2), with("none", 1)}) {
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().name, kVersionMoved);
  }
  EXPECT_EQ(show(*fixture.store->snapshot(), "h"), "none");
  must(with("g", 1));
  must(with("none", 0));
  EXPECT_EQ(fixture.store->snapshot()->find_group("default", "g")->version(), 1U);
}

TEST(Store, TheErrorOfAnExpectedVersionHasANameAndThoseOfTheRulesHaveNone) {
  Fixture fixture;
  must(put(*fixture.store, group("g")));
  EXPECT_EQ(put(*fixture.store, group("g"), 7).error().name, kVersionMoved);
  const auto taken = fixture.store->commit(changes(PutTeam{team("t", "/")}), kSomebody);
  EXPECT_EQ(taken.error().code, Code::kConflict);
  EXPECT_NE(taken.error().name, kVersionMoved) << "planning anew does not help";
}

TEST(Store, CatchingUpTakesOverWhatTheRevisionTellsAndAsksNothingElse) {
  Fixture fixture;
  must(put(*fixture.open(), group("g", {{"A", "1"}})));
  must(fixture.store->catch_up());
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "A=1");
  fixture.meddler->unreachable = true;
  fixture.meddler->fails = [](std::string_view operation) { return operation != "revision"; };
  must(fixture.store->catch_up());
  fixture.meddler->fails = [](std::string_view) { return true; };
  EXPECT_EQ(fixture.store->catch_up().error().name, kDatabaseUnreachable);
  EXPECT_FALSE(fixture.store->integrity());
}

TEST(Store, ATeamAndAnOperatorThatAnotherNodeChangedAreNotOverwritten) {
  Fixture fixture;
  const auto named = [](std::string_view name, std::string_view description) {
    model::Operator who;
    who.name = name;
    who.description = description;
    return who;
  };
  must(fixture.store->commit(
      changes(PutTeam{team("t", "/t"), 0}, PutOperator{named("ann", "first"), 0}), kSomebody));
  must(fixture.open()->commit(
      changes(PutTeam{team("t", "/faster"), 1}, PutOperator{named("ann", "faster"), 1}),
      kSomebody));
  ++fixture.meddler->stamp;
  std::vector<std::vector<Change>> late;
  for (const std::uint64_t wrong : {0U, 1U}) {
    late.push_back(changes(PutTeam{team("t", "/late"), wrong}));
    late.push_back(changes(DeleteTeam{"t", wrong}));
    late.push_back(changes(PutOperator{named("ann", "late"), wrong}));
    late.push_back(changes(DeleteOperator{"ann", wrong}));
  }
  for (auto& change : late) {
    const auto refused = fixture.store->commit(std::move(change), kSomebody);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::kConflict);
  }
  const auto now = fixture.store->snapshot();
  EXPECT_EQ(now->teams.at("t")->team.path, "/faster");
  EXPECT_EQ(now->operators->find("ann")->who.description, "faster");
  must(fixture.store->commit(changes(DeleteTeam{"t", 2}, DeleteOperator{"ann", 2}), kSomebody));
}

}  // namespace
}  // namespace sutler::store
