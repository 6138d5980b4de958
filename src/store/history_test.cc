// Older versions, what a commit changed, and purging.
#include "store/history.h"

#include <gtest/gtest.h>

#include "store/record_codec.h"
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

std::string value_of(const model::Group& group, const std::string& key) {
  return std::string(std::get<model::Literal>(group.variables.at(key).value).text.expose());
}

std::string numbers(Store& store, const std::string& name) {
  std::string out;
  for (const auto& one : must(store.history("default", name))) {
    out += (out.empty() ? "" : " ") + std::to_string(one.version) + (one.deleted ? "!" : "");
  }
  return out;
}

CommitInfo at(std::int64_t seconds, std::string message = {}) {
  return {"uid:7", base::UnixTime::from_seconds(seconds), std::move(message)};
}

PurgeRule keep(std::uint64_t versions) { return {.keep_versions = versions, .in_force_since = {}}; }

// Version 1 at 100 s, 2 at 200 s and so on.
void put_versions(Store& store, const std::string& name, int count) {
  for (int i = 1; i <= count; ++i) {
    must(store.commit(changes(PutGroup{group(name, {{"A", std::to_string(i)}}), {}}), at(i * 100)));
  }
}

TEST(History, EveryVersionOpensAsItWas) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 3);
  for (int i = 1; i <= 3; ++i) {
    const auto opened = must(fixture.store->version("default", "g", static_cast<std::uint64_t>(i)));
    EXPECT_EQ(value_of(opened, "A"), std::to_string(i));
    EXPECT_EQ(opened.header.name, "g");
  }
  for (const std::uint64_t none : {0U, 4U}) {
    const auto opened = fixture.store->version("default", "g", none);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::kNotFound);
  }
  EXPECT_EQ(fixture.store->version("default", "h", 1).error().code, Code::kNotFound);
  EXPECT_EQ(fixture.store->version("other", "g", 1).error().code, Code::kNotFound);
}

TEST(History, ADeletedGroupKeepsItsVersionsAndIsListed) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 2);
  must(fixture.store->commit(changes(DeleteGroup{"default", "g", {}}), at(300, "not needed")));
  for (const auto& store : {fixture.open(), std::move(fixture.store)}) {
    const auto gone = store->snapshot()->deleted_of("default");
    ASSERT_EQ(gone.size(), 1U);
    EXPECT_EQ(gone[0]->name, "g");
    EXPECT_EQ(gone[0]->version, 3U);
    EXPECT_EQ(gone[0]->changed_by, "uid:7");
    EXPECT_EQ(numbers(*store, "g"), "3! 2 1");
    EXPECT_EQ(value_of(must(store->version("default", "g", 2)), "A"), "2");
    const auto deletion = store->version("default", "g", 3);
    EXPECT_EQ(deletion.error().code, Code::kNotFound);
    EXPECT_EQ(deletion.error().name, "deleted_version");
    EXPECT_EQ(must(store->history("default", "g"))[0].message, "not needed");
  }
}

TEST(History, ARestoredGroupIsNotListedAsDeleted) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 1);
  must(fixture.store->commit(changes(DeleteGroup{"default", "g", {}}), kSomebody));
  must(put(*fixture.store, group("g", {{"A", "again"}})));
  EXPECT_TRUE(fixture.store->snapshot()->deleted_of("default").empty());
  EXPECT_TRUE(fixture.open()->snapshot()->deleted_of("default").empty());
  EXPECT_EQ(numbers(*fixture.store, "g"), "3 2! 1");
}

TEST(History, TheMessageIsKeptWithEveryRecordOfTheCommit) {
  Fixture fixture;
  must(fixture.store->commit(changes(PutGroup{group("a"), {}}, PutTeam{test::team("x", "/x")}),
                             at(5, "first “words”")));
  const Commit commit = must(fixture.store->commit_changes(2));
  EXPECT_EQ(commit.info.message, "first “words”");
  EXPECT_EQ(commit.info.who, "uid:7");
  ASSERT_EQ(commit.changes.size(), 2U);
  EXPECT_EQ(commit.changes[0].kind, "group");
  EXPECT_EQ(commit.changes[0].name, "a");
  EXPECT_EQ(commit.changes[1].kind, "team");
  EXPECT_EQ(commit.changes[1].team, "x");
}

TEST(History, AMessageIsOneShortLineOfText) {
  Fixture fixture;
  for (const std::string& bad : {std::string("two\nlines"), std::string("\x1b[31m"),
                                 std::string("\xff"), std::string(1025, 'x')}) {
    const auto committed = fixture.store->commit(changes(PutGroup{group("a"), {}}), at(1, bad));
    ASSERT_FALSE(committed);
    EXPECT_EQ(committed.error().message.find(bad), std::string::npos);
  }
  EXPECT_EQ(fixture.store->snapshot()->revision, 1U);
  EXPECT_TRUE(
      fixture.store->commit(changes(PutGroup{group("a"), {}}), at(1, std::string(1024, 'x'))));
}

TEST(History, CommitsTellWhatEachChangedAndCountWhatIsTooMuch) {
  Fixture fixture;
  put_versions(*fixture.store, "a", 1);
  must(fixture.store->commit(changes(PutGroup{group("a", {{"B", "1"}}), {}},
                                     PutGroup{group("b"), {}}, PutGroup{group("c"), {}}),
                             at(7)));
  const auto commits = must(fixture.store->commits({.first = 2, .last = 9, .changes_max = 2}));
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_EQ(commits[0].revision, 2U);
  EXPECT_EQ(commits[0].changes.size(), 1U);
  EXPECT_EQ(commits[1].changes.size(), 2U);
  EXPECT_EQ(commits[1].more, 1U);
  EXPECT_EQ(fixture.store->commit_changes(9).error().code, Code::kNotFound);
  EXPECT_EQ(must(fixture.store->commit_changes(3)).changes.size(), 3U);
}

TEST(History, PurgeKeepsTheNewestAndTheCurrent) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 5);
  put_versions(*fixture.store, "other", 2);
  const auto report = must(fixture.store->purge("default", "g", keep(2)));
  EXPECT_EQ(report.versions, 3U);
  EXPECT_EQ(numbers(*fixture.store, "g"), "5 4");
  EXPECT_EQ(numbers(*fixture.store, "other"), "2 1");
  EXPECT_EQ(must(fixture.store->purge("default", "g", keep(0))).versions, 1U);
  EXPECT_EQ(numbers(*fixture.store, "g"), "5");
  EXPECT_EQ(must(fixture.store->purge("default", "g", {})).versions, 0U) << "no rule, nothing goes";
  EXPECT_EQ(fixture.store->purge("default", "none", {}).error().code, Code::kNotFound);
  EXPECT_EQ(show(*fixture.open()->snapshot(), "g"), "A=5") << "the head still fits";
  must(put(*fixture.store, group("g", {{"A", "6"}})));
  EXPECT_EQ(numbers(*fixture.store, "g"), "6 5");
}

TEST(History, PurgeByTimeKeepsWhatWasInForceSince) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 4);
  // At 250 s version 2 was in force, until 300 s.
  const PurgeRule rule{.keep_versions = {}, .in_force_since = base::UnixTime::from_seconds(250)};
  EXPECT_EQ(must(fixture.store->purge("default", "g", rule)).versions, 1U);
  EXPECT_EQ(numbers(*fixture.store, "g"), "4 3 2");
}

TEST(History, AVersionSavedWithTheClockBackCostsThoseBeforeItNothing) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 3);
  must(fixture.store->commit(changes(PutGroup{group("g", {{"A", "late"}}), {}}), at(1)));
  const PurgeRule rule{.keep_versions = {}, .in_force_since = base::UnixTime::from_seconds(150)};
  EXPECT_EQ(must(fixture.store->purge("default", "g", rule)).versions, 0U);
  EXPECT_EQ(numbers(*fixture.store, "g"), "4 3 2 1");
}

TEST(History, PurgeOfAllTakesOnlyWhatBothRulesLetGo) {
  Fixture fixture;
  put_versions(*fixture.store, "a", 4);
  put_versions(*fixture.store, "b", 2);
  put_versions(*fixture.store, "gone", 3);
  must(fixture.store->commit(changes(DeleteGroup{"default", "gone", {}}), at(400)));
  PurgeRule rule{.keep_versions = 3, .in_force_since = base::UnixTime::from_seconds(1000)};
  const auto report = must(fixture.store->purge_all(rule));
  EXPECT_EQ(report.groups, 2U);
  EXPECT_EQ(report.versions, 2U);
  EXPECT_EQ(numbers(*fixture.store, "a"), "4 3 2");
  EXPECT_EQ(numbers(*fixture.store, "b"), "2 1");
  EXPECT_EQ(numbers(*fixture.store, "gone"), "4! 3 2");
  rule = {.keep_versions = 1, .in_force_since = base::UnixTime::from_seconds(350)};
  EXPECT_EQ(must(fixture.store->purge_all(rule)).versions, 3U);
  EXPECT_EQ(numbers(*fixture.store, "a"), "4 3") << "3 was in force at 350 s";
  EXPECT_EQ(numbers(*fixture.store, "b"), "2");
  EXPECT_EQ(must(fixture.open()->history("default", "gone")).size(), 2U);
}

// The row of that version is another one from now on, as if the disk had lost some bytes.
void damage(Fixture& fixture, const std::string& name, std::uint64_t version) {
  const auto codec = fixture.store->codec();
  const std::string id = codec->keys().record_id(kGroupKind, "default", name);
  const auto row = must(fixture.backend->version("group", id, version));
  ASSERT_TRUE(row);
  std::string wrapped = row->wrapped;
  wrapped.back() = static_cast<char>(wrapped.back() ^ 1);
  const WrappedKey before{row->kind,    row->id,     row->version, row->revision,
                          row->deleted, row->key_id, row->wrapped};
  EXPECT_EQ(must(fixture.backend->rewrap({{before, row->key_id, wrapped}})), 1U);
}

TEST(History, APurgeGoesOnWithoutAVersionThatDoesNotOpenAndNamesIt) {
  Fixture fixture;
  put_versions(*fixture.store, "a", 4);
  put_versions(*fixture.store, "b", 4);
  put_versions(*fixture.store, "c", 4);
  damage(fixture, "a", 3);
  damage(fixture, "b", 1);
  const auto report = must(fixture.store->purge_all(keep(2)));
  EXPECT_EQ(report.damaged.count, 2U);
  EXPECT_EQ(report.damaged.json(),
            report.damaged.rows[0].name == "a"
                ? R"([{"kind":"group","team":"default","name":"a","version":3},)"
                  R"({"kind":"group","team":"default","name":"b","version":1}])"
                : R"([{"kind":"group","team":"default","name":"b","version":1},)"
                  R"({"kind":"group","team":"default","name":"a","version":3}])");
  EXPECT_EQ(describe(DamagedRow{"group", "default", "a", 3}),
            R"(group "a" of team "default", version 3)");
  // Of a, 4 and 2 open and stay; what is between two that stay stays too.
  EXPECT_EQ(report.groups, 3U);
  EXPECT_EQ(report.versions, 5U);  // a 1; b 1, 2; c 1, 2
  EXPECT_EQ(fixture.store->history("default", "a").error().code, Code::kCorrupt);
  EXPECT_EQ(numbers(*fixture.store, "b"), "4 3");
  EXPECT_EQ(numbers(*fixture.store, "c"), "4 3");
  const auto plan = must(fixture.store->plan_purge("default", "a", keep(1)));
  EXPECT_EQ(plan.goes, 2U);
  EXPECT_EQ(plan.stays, 1U);
  const auto one = must(fixture.store->purge("default", "a", keep(1)));
  EXPECT_EQ(one.versions, 2U);
  EXPECT_EQ(one.damaged.count, 1U);
  EXPECT_EQ(numbers(*fixture.store, "a"), "4");
}

TEST(History, DamagedVersionsBeforeAllThatOpenGoWhenTheRuleLetsThemGo) {
  Fixture fixture;
  put_versions(*fixture.store, "g", 3);
  damage(fixture, "g", 1);
  const auto since = [](std::int64_t seconds) {
    return PurgeRule{.keep_versions = {}, .in_force_since = base::UnixTime::from_seconds(seconds)};
  };
  // Version 1 was in force until 200 s.
  EXPECT_EQ(must(fixture.store->plan_purge("default", "g", since(200))).goes, 0U);
  EXPECT_EQ(must(fixture.store->plan_purge("default", "g", keep(3))).goes, 0U);
  EXPECT_EQ(must(fixture.store->plan_purge("default", "g", keep(2))).goes, 1U);
  EXPECT_EQ(must(fixture.store->purge_all({})).versions, 0U);
  EXPECT_EQ(must(fixture.store->purge_all(since(201))).versions, 1U);
  EXPECT_EQ(numbers(*fixture.store, "g"), "3 2");
}

TEST(History, APurgeStopsBetweenBatchesAndTellsWhatWent) {
  Fixture fixture;
  for (const char* name : {"a", "b", "c"}) put_versions(*fixture.store, name, 3);
  bool stop = false;
  PurgeWatch watch{.before = {}, .stop = [&] { return stop; }, .batch = 1};
  fixture.meddler->fails = [&](std::string_view operation) {
    stop = stop || operation == "purge";
    return false;
  };
  const auto report = must(fixture.store->purge_all(keep(1), watch));
  EXPECT_TRUE(report.stopped);
  EXPECT_EQ(report.groups, 1U);
  EXPECT_EQ(report.versions, 2U);
  const auto none = must(fixture.store->purge_all(keep(1), watch));
  EXPECT_TRUE(none.stopped) << "while it looks for what may go, too";
  EXPECT_EQ(none.versions, 0U);
  stop = false;
  EXPECT_EQ(must(fixture.store->purge_all(keep(1))).versions, 4U);
}

TEST(History, ABatchThatFailsEndsAPurgeAndWhatWentBeforeIsTold) {
  Fixture fixture;
  for (const char* name : {"a", "b", "c"}) put_versions(*fixture.store, name, 3);
  int batches = 0;
  fixture.meddler->fails = [&](std::string_view operation) {
    return operation == "purge" && ++batches == 2;
  };
  const auto report =
      must(fixture.store->purge_all(keep(1), {.before = {}, .stop = {}, .batch = 1}));
  ASSERT_TRUE(report.failed);
  EXPECT_EQ(report.failed->code, Code::kUnavailable);
  EXPECT_EQ(report.versions, 2U);
}

}  // namespace
}  // namespace sutler::store
