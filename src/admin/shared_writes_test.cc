// Writes of two nodes to one store: nobody is told to repeat what he has no quarrel about, and
// whoever names a version is held to it.
#include <gtest/gtest.h>

#include "admin/routes.h"
#include "admin/test_support.h"

namespace sutler::admin {
namespace {

using store::test::changes;
using store::test::kSomebody;
using test::Bench;
using test::group_json;
using test::must;

constexpr const char* kGroup = "/api/v1/teams/default/groups/g";

// Another node writes `name` with one variable, whatever is there.
void write_elsewhere(store::Store& other, std::string_view name, std::string_view value) {
  must(other.catch_up());
  must(store::test::put(other, store::test::group(name, {{"OTHER", std::string(value)}})));
}

class SharedWrites : public testing::Test {
 protected:
  SharedWrites() {
    bench.done("PUT", kGroup, group_json("g", R"({"A":"1"})"));
    other = bench.other_node();
  }
  // The next commit comes after one of the other node to the same group.
  void be_overtaken_once() {
    bench.before_commit = [this] {
      if (std::exchange(overtaken, true)) return;
      write_elsewhere(*other, "g", "meanwhile");
    };
  }
  std::string values(std::string_view name = "g") {
    return store::test::show(*bench.store().snapshot(), name);
  }

  Bench bench;
  std::unique_ptr<store::Store> other;
  bool overtaken = false;
};

TEST_F(SharedWrites, AWriteIsPlannedOnWhatTheOtherNodeLeft) {
  for (int i = 0; i < 5; ++i) {
    write_elsewhere(*other, "g", std::to_string(i));
    const auto body = R"({"variables":{"MINE":")" + std::to_string(i) + R"("}})";
    ASSERT_EQ(bench.ask("PATCH", kGroup, body).status, 200);
    EXPECT_EQ(values(), "MINE=" + std::to_string(i) + " OTHER=" + std::to_string(i));
  }
}

TEST_F(SharedWrites, OneThatWasOvertakenIsMadeOnTopAndRecordedOnce) {
  be_overtaken_once();
  ASSERT_EQ(bench.ask("PATCH", kGroup, R"({"variables":{"MINE":"1"}})").status, 200);
  EXPECT_TRUE(overtaken);
  EXPECT_EQ(values(), "MINE=1 OTHER=meanwhile");
  const auto records = bench.records();
  ASSERT_FALSE(records.empty());
  EXPECT_EQ(records.back().at("outcome"), "ok");
  EXPECT_EQ(records.back().at("revision"), bench.revision());
  EXPECT_EQ(records.size(), 2U) << "the PUT of the fixture, and this";
}

TEST_F(SharedWrites, WhoNamesAVersionIsHeldToItAllTheSame) {
  const std::string etag = bench.ask("GET", kGroup).etag();
  be_overtaken_once();
  const http::Field fields[] = {{"Content-Type", "application/json"}, {"If-Match", etag}};
  const auto refused =
      bench.ask_with({fields[0], fields[1]}, "PATCH", kGroup, R"({"variables":{"MINE":"1"}})");
  EXPECT_EQ(refused.status, 412);
  EXPECT_EQ(values(), "OTHER=meanwhile");
}

TEST_F(SharedWrites, AnApplyThatExpectsAVersionIsHeldToIt) {
  be_overtaken_once();
  const auto body = test::apply_json({group_json("g", R"({"A":"2"})")},
                                     R"(,"expected":[{"team":"default","name":"g","version":1}])");
  const auto refused = bench.ask("POST", "/api/v1/apply", body);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "conflict");
  EXPECT_EQ(values(), "OTHER=meanwhile");
}

TEST_F(SharedWrites, EveryOtherWayToWriteGoesOnToo) {
  bench.done("POST", "/api/v1/operators", R"({"name":"ann","role":"editor"})");
  const auto team = [this](std::string_view id) {
    return bench.store().snapshot()->teams.at(std::string(id));
  };
  const auto meddle_with_team = [this] {
    if (std::exchange(overtaken, true)) return;
    must(other->catch_up());
    model::Team changed = model::clone(other->snapshot()->teams.at("default")->team);
    changed.options.require_exp = !changed.options.require_exp;
    must(other->commit(changes(store::PutTeam{std::move(changed), {}}), kSomebody));
  };
  const auto meddle_with_operator = [this] {
    if (std::exchange(overtaken, true)) return;
    must(other->catch_up());
    model::Operator changed = other->snapshot()->operators->find("ann")->who;
    changed.description += "x";
    must(other->commit(changes(store::PutOperator{std::move(changed), {}}), kSomebody));
  };
  const auto meddle_with_group = [this] {
    if (!std::exchange(overtaken, true)) write_elsewhere(*other, "g", "again");
  };
  struct Way {
    const char* method;
    const char* target;
    const char* body;
    std::function<void()> meddle;
  };
  const Way ways[] = {
      {"PATCH", "/api/v1/teams/default", R"({"require_match":true})", meddle_with_team},
      {"POST", "/api/v1/teams/default/keys", "{}", meddle_with_team},
      {"PATCH", "/api/v1/operators/ann", R"({"description":"new"})", meddle_with_operator},
      {"POST", "/api/v1/operators/ann/tokens", R"({"label":"t"})", meddle_with_operator},
      {"POST", "/api/v1/operators/ann/disable", "", meddle_with_operator},
      {"POST", "/api/v1/apply", R"({"groups":[{"name":"g","secrets":{"variables":{"A":"9"}}}]})",
       meddle_with_group},
      {"POST", "/api/v1/teams/default/groups/g/rollback", R"({"version":1})", meddle_with_group},
      {"POST", "/api/v1/teams/default/groups/g/copy", R"({"to":"h","values":"same"})",
       meddle_with_group},
      {"DELETE", kGroup, "", meddle_with_group},
  };
  for (const Way& way : ways) {
    overtaken = false;
    bench.before_commit = way.meddle;
    const auto answer = bench.ask(way.method, way.target, way.body);
    EXPECT_TRUE(answer.status == 200 || answer.status == 201)
        << way.method << ' ' << way.target << ": " << answer.text;
    EXPECT_TRUE(overtaken) << way.target;
  }
  EXPECT_TRUE(team("default")->team.options.require_match);
  EXPECT_EQ(values(), "none");
}

TEST_F(SharedWrites, WhoIsOvertakenForEverIsToldInTheEnd) {
  int times = 0;
  bench.before_commit = [&] { write_elsewhere(*other, "g", std::to_string(++times)); };
  const auto refused = bench.ask("PATCH", kGroup, R"({"variables":{"MINE":"1"}})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "conflict");
  EXPECT_GT(times, 5);
  EXPECT_LT(times, 100);
}

TEST(Lanes, OnlyWhatMakesChangesStandsInTheLineOfThese) {
  int turns = 0;
  for (const Route& route : all_routes()) {
    if (route.method == "GET") {
      EXPECT_FALSE(takes_a_turn(route)) << route.pattern;
    }
    turns += takes_a_turn(route) ? 1 : 0;
  }
  EXPECT_GT(turns, 20);
  EXPECT_TRUE(takes_a_turn(*find_route("PUT", kGroup).route));
  EXPECT_FALSE(takes_a_turn(*find_route("POST", "/api/v1/session").route));
  EXPECT_FALSE(takes_a_turn(*find_route("POST", "/api/v1/teams/t/explain").route));
}

}  // namespace
}  // namespace sutler::admin
