// Versions, diffs, rollback, undo, copies and purging through the API.
#include <gtest/gtest.h>

#include <random>

#include "admin/test_support.h"
#include "model/group_writer.h"

namespace sutler::admin::test {
namespace {

constexpr const char* kG = "/api/v1/teams/default/groups/g";

std::string path(std::string_view rest) { return std::string(kG) + std::string(rest); }

std::string text(const json::value& value) { return json::serialize(value); }

void put(Bench& bench, std::string_view name, std::string_view variables,
         std::string_view members = {}) {
  const Answer got =
      bench.ask("POST", "/api/v1/apply", apply_json({group_json(name, variables, members)}));
  ASSERT_EQ(got.status / 100, 2) << got.text;
}

// Everything that can be read of all groups, byte by byte.
std::string everything(Bench& bench) {
  std::string out;
  for (const auto& record : bench.store().snapshot()->groups_of("default")) {
    const auto group = must(record->open());
    out += model::write_group_json(group, model::Values::kReveal).expose();
    out += '\n';
  }
  return out;
}

TEST(HistoryApi, ListsVersionsWithWhoWhenAndWhy) {
  Bench bench;
  put(bench, "g", R"({"A":"1"})");
  bench.done("POST", "/api/v1/apply?message=second%20one",
             apply_json({group_json("g", R"({"A":"2"})")}));
  bench.done("POST", "/api/v1/apply?message=again", apply_json({group_json("g", R"({"A":"2"})")}));
  const json::value list = bench.done("GET", path("/versions"));
  ASSERT_EQ(list.at("items").as_array().size(), 2U) << "the same again is no version";
  EXPECT_EQ(list.at_pointer("/items/0/version"), 2);
  EXPECT_EQ(list.at_pointer("/items/0/message"), "second one");
  EXPECT_EQ(list.at_pointer("/items/0/who"), "uid:0");
  EXPECT_FALSE(list.at_pointer("/items/1").as_object().contains("message"));
  const json::value first = bench.done("GET", path("/versions?limit=1"));
  ASSERT_TRUE(first.as_object().contains("next_cursor"));
  const auto cursor = json::value_to<std::string>(first.at("next_cursor"));
  EXPECT_EQ(
      bench.done("GET", path("/versions?limit=1&cursor=" + cursor)).at_pointer("/items/0/version"),
      1);
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/none/versions").status, 404);
}

TEST(HistoryApi, AMessageMustBeOneShortLineAndIsNotQuoted) {
  Bench bench;
  const std::string body = apply_json({group_json("g", R"({"A":"1"})")});
  EXPECT_EQ(bench.ask("POST", "/api/v1/apply?message=a%0Ab", body).status, 400);
  const Answer long_one =
      bench.ask("POST", "/api/v1/apply?message=" + std::string(1025, 'x'), body);
  EXPECT_EQ(long_one.code(), "too_large");
  EXPECT_FALSE(long_one.text.contains("xxxxx"));
  EXPECT_EQ(bench.revision(), 1U);
  EXPECT_FALSE(bench.audit_text().contains("xxxxx"));
}

TEST(HistoryApi, ShowsAnOldVersionMaskedOrRevealedAndAuditsTheReveal) {
  Bench bench;
  put(bench, "g", R"({"A":"old-value"})");
  put(bench, "g", R"({"A":"new-value"})");
  const Answer masked = bench.ask("GET", path("/versions/1"));
  EXPECT_EQ(masked.status, 200);
  EXPECT_FALSE(masked.text.contains("old-value"));
  EXPECT_TRUE(masked.fields.contains("Group-Version: 1"));
  const std::size_t before = bench.records().size();
  const Answer shown = bench.ask("GET", path("/versions/1?reveal=true"));
  EXPECT_EQ(shown.at("/secrets/variables/A"), "old-value");
  const auto records = bench.records();
  ASSERT_EQ(records.size(), before + 1);
  EXPECT_EQ(records.back().at("event"), "value.reveal");
  EXPECT_EQ(records.back().at_pointer("/groups/0/version"), 1);
  EXPECT_EQ(bench.ask("GET", path("/versions/3")).code(), "no_version");
  EXPECT_EQ(bench.ask("GET", path("/versions/x")).status, 400);
  EXPECT_EQ(bench.ask("GET", path("/versions/0")).status, 400);
}

TEST(HistoryApi, AMaskedDiffTellsNamesAndNothingOfTheValues) {
  Bench bench;
  put(bench, "g", R"({"A":"canary-1","GONE":"canary-2","SAME":"s"})", R"(,"priority":20)");
  put(bench, "g", R"({"A":"canary-33333","NEW":{"template":"canary-4"},"SAME":"s"})");
  const Answer got = bench.ask("GET", path("/diff"));
  EXPECT_EQ(text(got.at("/diff/variables")),
            R"([{"name":"A","change":"changed"},{"name":"GONE","change":"removed"},)"
            R"({"name":"NEW","change":"added"}])");
  EXPECT_EQ(text(got.at("/diff/header")), R"([{"member":"priority","before":20,"after":10}])");
  EXPECT_FALSE(got.text.contains("canary"));
  const Answer shown = bench.ask("GET", path("/diff?from=2&to=1&reveal=true"));
  EXPECT_EQ(shown.at("/diff/variables/0/before"), "canary-33333");
  EXPECT_EQ(shown.at("/diff/variables/0/after"), "canary-1");
  EXPECT_EQ(bench.records().back().at("event"), "value.reveal");
  EXPECT_EQ(text(bench.records().back().at("keys")), R"(["A","GONE","NEW"])");
  put(bench, "other", R"({"A":"canary-33333"})");
  const Answer groups = bench.ask("GET", path("/diff?with=other"));
  EXPECT_EQ(groups.at("/to/name"), "other");
  EXPECT_EQ(text(groups.at("/diff/variables/0")), R"({"name":"NEW","change":"removed"})");
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams/default/groups/other/diff").status, 400)
      << "there is no version before the first";
}

TEST(HistoryApi, RollbackMakesANewVersionWithTheOldContent) {
  Bench bench;
  put(bench, "g", R"({"A":{"template":"${fn.randomSecret(16)}"}})");
  const std::string first = everything(bench);
  put(bench, "g", R"({"A":"other"})");
  put(bench, "g", R"({"A":{"template":"${fn.randomSecret(16)}"}})");
  EXPECT_NE(everything(bench), first) << "generated anew";
  const json::value dry = bench.done("POST", path("/rollback?dry_run=true"), R"({"version":1})");
  EXPECT_EQ(dry.at("dry_run"), true);
  EXPECT_NE(everything(bench), first);
  const json::value done = bench.done("POST", path("/rollback"), R"({"version":1})");
  EXPECT_EQ(text(done.at("updated")), R"(["g"])");
  EXPECT_EQ(everything(bench), first) << "what was generated comes back";
  EXPECT_EQ(bench.done("GET", path("/versions")).at_pointer("/items/0/message"),
            "rollback to version 1");
  EXPECT_EQ(text(bench.done("POST", path("/rollback"), R"({"version":1})").at("unchanged")),
            R"(["g"])");
  EXPECT_EQ(bench.records().back().at("event"), "group.rollback");
  EXPECT_EQ(bench.ask("POST", path("/rollback"), R"({"version":9})").code(), "no_version");
  EXPECT_EQ(bench.ask("POST", path("/rollback?expected_version=1"), R"({"version":2})").status,
            409);
}

TEST(HistoryApi, ADeletedGroupIsListedAndComesBack) {
  Bench bench;
  put(bench, "g", R"({"A":"1"})");
  const std::string before = everything(bench);
  bench.done("DELETE", kG);
  const json::value list = bench.done("GET", "/api/v1/teams/default/deleted-groups");
  EXPECT_EQ(list.at_pointer("/items/0/name"), "g");
  EXPECT_EQ(list.at_pointer("/items/0/version"), 2);
  EXPECT_EQ(bench.done("GET", path("/versions")).at_pointer("/items/0/deleted"), true);
  EXPECT_EQ(bench.ask("POST", path("/rollback"), R"({"version":2})").code(), "deleted_version");
  EXPECT_EQ(bench.ask("POST", path("/rollback"), R"({"version":1})").status, 201);
  EXPECT_EQ(everything(bench), before);
  EXPECT_TRUE(
      bench.done("GET", "/api/v1/teams/default/deleted-groups").at("items").as_array().empty());
}

TEST(HistoryApi, UndoTakesAWholeCommitBackInOneRevision) {
  Bench bench;
  put(bench, "kept", R"({"A":"1"})");
  put(bench, "changed", R"({"A":"1"})");
  const std::string before = everything(bench);
  const json::value made =
      bench.done("POST", "/api/v1/apply",
                 apply_json({group_json("changed", R"({"A":"2"})"), group_json("made", "{}")}));
  const std::string undo = "/api/v1/revisions/" + text(made.at("revision")) + "/undo";
  const json::value undone = bench.done("POST", undo);
  EXPECT_EQ(text(undone.at("updated")), R"(["changed"])");
  EXPECT_EQ(text(undone.at("deleted")), R"(["made"])");
  EXPECT_EQ(everything(bench), before);
  const json::value twice = bench.done("POST", undo);
  EXPECT_EQ(twice.at("revision"), undone.at("revision")) << "there is nothing more to undo";
  bench.done("POST", "/api/v1/revisions/" + text(undone.at("revision")) + "/undo");
  EXPECT_TRUE(everything(bench).contains("made")) << "an undo can be undone";
}

TEST(HistoryApi, UndoRefusesWhatWasChangedSinceUnlessForcedAndSaysWhatIsLost) {
  Bench bench;
  put(bench, "g", R"({"A":"1"})");
  put(bench, "g", R"({"A":"2"})");
  put(bench, "g", R"({"A":"3"})");
  const Answer refused = bench.ask("POST", "/api/v1/revisions/3/undo");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.code(), "changed_since");
  EXPECT_TRUE(refused.detail().contains("\"g\""));
  const json::value forced = bench.done("POST", "/api/v1/revisions/3/undo?force=true");
  EXPECT_TRUE(text(forced.at("warnings").as_array().at(0)).contains("version 3"));
  EXPECT_EQ(bench.done("GET", path("?reveal=true")).at_pointer("/secrets/variables/A"), "1");
  EXPECT_EQ(bench.ask("POST", "/api/v1/revisions/1/undo").status, 400) << "no groups in it";
  EXPECT_EQ(bench.ask("POST", "/api/v1/revisions/99/undo").code(), "no_revision");
}

TEST(HistoryApi, RevisionsTellWhatTheyChanged) {
  Bench bench;
  bench.done("POST", "/api/v1/apply?message=why",
             apply_json({group_json("a", "{}"), group_json("b", "{}")}));
  const json::value list = bench.done("GET", "/api/v1/revisions?limit=1");
  EXPECT_EQ(list.at_pointer("/items/0/revision"), 2);
  EXPECT_EQ(list.at_pointer("/items/0/message"), "why");
  EXPECT_EQ(list.at_pointer("/items/0/changes").as_array().size(), 2U);
  const auto cursor = json::value_to<std::string>(list.at("next_cursor"));
  EXPECT_EQ(bench.done("GET", "/api/v1/revisions?limit=1&cursor=" + cursor)
                .at_pointer("/items/0/revision"),
            1);
  EXPECT_EQ(bench.done("GET", "/api/v1/revisions/2").at("changes").as_array().size(), 2U);
  EXPECT_EQ(bench.ask("GET", "/api/v1/revisions/3").status, 404);
}

TEST(HistoryApi, UndoTakesOptionsOfTeamsBackAndNoKeys) {
  Bench bench;
  constexpr std::string_view kRed = "/api/v1/teams/red";
  const auto undo = [&](std::uint64_t revision, const char* query = "") {
    return bench.ask("POST", "/api/v1/revisions/" + std::to_string(revision) + "/undo" + query);
  };
  bench.done("POST", "/api/v1/teams", R"({"id":"red"})");  // 2
  bench.done("POST", "/api/v1/teams/red/keys", "{}");      // 3
  bench.done("PATCH", kRed, R"({"require_match":true})");  // 4
  bench.done("PATCH", kRed, R"({"require_exp":true})");    // 5
  for (const std::uint64_t other : {2U, 3U}) {
    const Answer refused = undo(other);
    EXPECT_EQ(refused.status, 400);
    EXPECT_TRUE(refused.detail().contains("team \"red\"")) << refused.detail();
  }
  EXPECT_EQ(undo(4).code(), "changed_since");
  const Answer back = undo(5);
  EXPECT_EQ(text(back.at("/teams")), R"(["red"])");
  const auto red = bench.ask("GET", "/api/v1/teams").at("/items/1");
  EXPECT_EQ(red.at("require_exp"), false);
  EXPECT_EQ(red.at("require_match"), true);
  EXPECT_EQ(red.at("keys"), 1) << "keys are as they were";
  EXPECT_EQ(undo(4).status, 200);
  EXPECT_EQ(bench.ask("GET", "/api/v1/teams").at("/items/1/require_match"), false);
}

TEST(HistoryApi, CopiesWithEmptySameOrNewValues) {
  Bench bench;
  put(bench, "g", R"({"LIT":"secret","GEN":{"template":"${fn.randomSecret(16)}"}})",
      R"(,"restrictions":{"projects":["shop"]})");
  const auto copy = [&](const std::string& members) {
    return bench.ask("POST", path("/copy"), "{" + members + "}");
  };
  const auto shown = [&](const std::string& name) {
    return bench.done("GET", "/api/v1/teams/default/groups/" + name + "?reveal=true");
  };
  const Answer made = copy(R"("to":"n","values":"new","projects":["staging"])");
  EXPECT_EQ(made.status, 201) << made.text;
  EXPECT_TRUE(text(made.at("/warnings/0")).contains("LIT"));
  const json::value fresh = shown("n");
  EXPECT_EQ(fresh.at_pointer("/secrets/variables/LIT"), "");
  EXPECT_EQ(fresh.at_pointer("/restrictions/projects/0"), "staging");
  EXPECT_EQ(fresh.at_pointer("/secrets/variables/GEN/template"), "${fn.randomSecret(16)}");
  EXPECT_NE(fresh.at_pointer("/secrets/variables/GEN"),
            shown("g").at_pointer("/secrets/variables/GEN"));
  EXPECT_EQ(copy(R"("to":"s","values":"same")").status, 201);
  EXPECT_EQ(shown("s").at("secrets"), shown("g").at("secrets"));
  EXPECT_EQ(copy(R"("to":"e","values":"empty","everyone":true)").status, 201);
  EXPECT_EQ(text(shown("e").at_pointer("/secrets/variables")), R"({"GEN":"","LIT":""})");
  EXPECT_EQ(copy(R"("to":"e","values":"empty")").code(), "exists");
  EXPECT_EQ(copy(R"("to":"x","values":"all")").status, 400);
  EXPECT_EQ(copy(R"("to":"x","values":"same","projects":[])").status, 400);
  EXPECT_EQ(copy(R"("to":"x")").status, 400);
  bench.done("POST", "/api/v1/teams", R"({"id":"red"})");
  EXPECT_EQ(copy(R"("to":"g","to_team":"red","values":"same")").status, 400)
      << "it must say for whom";
  EXPECT_EQ(copy(R"("to":"g","to_team":"red","values":"same","projects":["p"])").status, 201);
}

TEST(HistoryApi, PurgeTakesOldVersionsOnly) {
  Bench bench;
  for (const char* value : {"1", "2", "3", "4"}) {
    put(bench, "g", R"({"A":")" + std::string(value) + R"("})");
  }
  EXPECT_EQ(bench.done("POST", path("/purge?dry_run=true"), R"({"keep":2})").at("purged"), 2);
  EXPECT_EQ(bench.done("GET", path("/versions")).at("items").as_array().size(), 4U);
  const json::value purged = bench.done("POST", path("/purge"), R"({"keep":2})");
  EXPECT_EQ(purged.at("purged"), 2);
  EXPECT_EQ(purged.at("kept"), 2);
  EXPECT_EQ(bench.records().back().at("event"), "group.purge");
  EXPECT_EQ(bench.records().back().at("count"), 2) << "how many versions went";
  EXPECT_FALSE(purged.as_object().contains("damaged"));
  EXPECT_TRUE(bench.audit_text().contains(R"("event":"group.purge","outcome":"intent")"));
  EXPECT_EQ(bench.ask("GET", path("/versions/2")).code(), "no_version");
  EXPECT_EQ(bench.done("POST", path("/purge"), R"({"older_than_seconds":0})").at("purged"), 0)
      << "at this very second the last one was still in force";
  for (const char* bad : {R"({})", R"({"keep":0})", R"({"keep":1,"older_than_seconds":1})"}) {
    EXPECT_EQ(bench.ask("POST", path("/purge"), bad).status, 400) << bad;
  }
  const Answer undo = bench.ask("POST", "/api/v1/revisions/4/undo?force=true");
  EXPECT_EQ(undo.code(), "no_version") << "what was before is purged";
}

TEST(HistoryApi, AManagedGroupIsNotRolledBackByOthers) {
  Bench bench;
  put(bench, "g", R"({"A":"1"})");
  bench.done("POST", "/api/v1/apply",
             apply_json({group_json("g", R"({"A":"2"})")}, R"(,"managed_by":"ci")"));
  EXPECT_EQ(bench.ask("POST", path("/rollback"), R"({"version":1})").code(), "managed");
  EXPECT_EQ(bench.ask("POST", "/api/v1/revisions/3/undo").code(), "managed");
  bench.done("POST", "/api/v1/revisions/3/undo?take_over=true");
}

// Random commits over a few groups, each undone at once, then all of them from the last to the
// first: everything is as it was, to the last byte.
TEST(HistoryApi, UndoingEverythingBackwardsGivesBackEveryState) {
  Bench bench;
  std::mt19937 random(20260801);  // always the same
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::vector<std::pair<std::uint64_t, std::string>> states;  // revision, state before it
  for (int i = 0; i < 60; ++i) {
    const std::string before = everything(bench);
    const std::uint64_t revision = bench.revision();
    if (pick(4) == 0) {
      (void)bench.ask("DELETE", "/api/v1/teams/default/groups/g" + std::to_string(pick(4)));
    } else {
      const int first = pick(4);
      const auto one = [&](int name) {
        const std::string kind = pick(2) ? R"("v)" + std::to_string(pick(3)) + R"(")"
                                         : R"({"template":"${fn.randomSecret(8)}"})";
        return group_json("g" + std::to_string(name),
                          R"({"K)" + std::to_string(pick(3)) + R"(":)" + kind + "}",
                          R"(,"priority":)" + std::to_string(pick(3)));
      };
      (void)bench.ask("POST", "/api/v1/apply", apply_json({one(first), one((first + 1) % 4)}));
    }
    if (bench.revision() == revision) continue;
    states.emplace_back(bench.revision(), before);
  }
  ASSERT_GT(states.size(), 20U);
  for (auto at = states.rbegin(); at != states.rend(); ++at) {
    const Answer undone =
        bench.ask("POST", "/api/v1/revisions/" + std::to_string(at->first) + "/undo?force=true");
    ASSERT_EQ(undone.status / 100, 2) << undone.text;
    ASSERT_EQ(everything(bench), at->second) << "revision " << at->first;
  }
}

}  // namespace
}  // namespace sutler::admin::test
