// What every backend must do, run against each of them.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "store/backend/conformance_support.h"

namespace sutler::store {
namespace {

using base::Code;
using std::chrono::milliseconds;
using test::must;

INSTANTIATE_TEST_SUITE_P(Backends, Conformance,
                         testing::Values(Kind{"memory", make_memory}, Kind{"sqlite", make_sqlite},
                                         Kind{"postgres", make_postgres, open_postgres_again}),
                         [](const auto& about) { return std::string(about.param.name); });

TEST_P(Conformance, AnEmptyStoreIsAtRevisionZeroAndHasAnId) {
  EXPECT_EQ(must(backend().revision()), 0U);
  EXPECT_EQ(all(), "");
  const std::string id = must(backend().store_id());
  EXPECT_EQ(id.size(), 32U);
  EXPECT_EQ(must(backend().store_id()), id);
}

TEST_P(Conformance, WhatIsAppliedComesBackByteForByte) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  Record expected = row("group/a@1");
  must(backend().load_all([&](Record&& record) -> base::Result<void> {
    EXPECT_EQ(record.kind, expected.kind);
    EXPECT_EQ(record.id, expected.id);
    EXPECT_EQ(record.version, 1U);
    EXPECT_EQ(record.revision, 1U);
    EXPECT_FALSE(record.deleted);
    EXPECT_EQ(record.key_id, expected.key_id);
    EXPECT_EQ(record.wrapped, expected.wrapped);
    EXPECT_EQ(record.header, expected.header);
    EXPECT_EQ(record.body, expected.body);
    return {};
  }));
}

TEST_P(Conformance, ABatchRaisesTheRevisionByOne) {
  ASSERT_TRUE(apply(1, {"group/a@1", "team/a@1"}));
  EXPECT_EQ(must(backend().revision()), 1U);
  ASSERT_TRUE(apply(2, {"group/a@2", "group/b@1"}));
  EXPECT_EQ(must(backend().revision()), 2U);
  EXPECT_EQ(all(), "group/a@2 group/b@1 team/a@1");
}

TEST_P(Conformance, AnotherRevisionThanTheNextIsAConflict) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  for (const std::uint64_t revision : {0U, 1U, 3U}) {
    EXPECT_EQ(apply(revision, {"group/a@2"}).error().code, Code::kConflict) << revision;
  }
  EXPECT_EQ(all(), "group/a@1");
}

TEST_P(Conformance, AnotherVersionThanTheNextIsAConflictAndNothingIsWritten) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  for (const auto* wrong : {"group/a@1", "group/a@3", "group/c@2"}) {
    const auto applied = apply(2, {"group/b@1", wrong, "group/d@1"});
    ASSERT_FALSE(applied) << wrong;
    EXPECT_EQ(applied.error().code, Code::kConflict) << wrong;
    EXPECT_EQ(all(), "group/a@1") << wrong;
    EXPECT_EQ(must(backend().revision()), 1U);
    EXPECT_EQ(history("a"), "group/a@1");
  }
  EXPECT_TRUE(apply(2, {"group/b@1", "group/a@2"})) << "works again after a conflict";
}

TEST_P(Conformance, ARecordTwiceInABatchIsAConflict) {
  EXPECT_EQ(apply(1, {"group/a@1", "group/a@1"}).error().code, Code::kConflict);
  EXPECT_EQ(all(), "");
}

TEST_P(Conformance, ADeletedRecordKeepsItsRowAndItsVersionsGoOn) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2!"}));
  EXPECT_EQ(all(), "group/a@2!");
  EXPECT_EQ(apply(3, {"group/a@1"}).error().code, Code::kConflict);
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  EXPECT_EQ(history("a"), "group/a@3 group/a@2! group/a@1");
}

TEST_P(Conformance, TheSameIdOfAnotherKindIsAnotherRecord) {
  ASSERT_TRUE(apply(1, {"group/a@1", "team/a@1"}));
  ASSERT_TRUE(apply(2, {"team/a@2"}));
  EXPECT_EQ(history("a", "team"), "team/a@2 team/a@1");
  EXPECT_EQ(history("a", "group"), "group/a@1");
}

TEST_P(Conformance, HistoryIsNewestFirstAndEmptyForTheUnknown) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  const auto versions = must(backend().history("group", "a"));
  ASSERT_EQ(versions.size(), 3U);
  EXPECT_EQ(versions[1].body, row("group/a@2").body);
  EXPECT_EQ(versions[1].revision, 2U);
  EXPECT_EQ(history("b"), "");
}

TEST_P(Conformance, OfTheHeadOnlyTheCurrentVersionIsKept) {
  ASSERT_TRUE(apply(1, {"head/head@1"}));
  ASSERT_TRUE(apply(2, {"head/head@2"}));
  EXPECT_EQ(history("head", "head"), "head/head@2");
}

TEST_P(Conformance, LoadSinceGivesWhatChangedInOrderOfRevision) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/b@1"}));
  ASSERT_TRUE(apply(3, {"group/a@2"}));
  ASSERT_TRUE(apply(4, {"group/c@1"}));
  EXPECT_EQ(since(0), "group/b@1 group/a@2 group/c@1");
  EXPECT_EQ(since(2), "group/a@2 group/c@1");
  EXPECT_EQ(since(4), "");
}

TEST_P(Conformance, AnyKeptVersionIsFoundByItsNumber) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2"}));
  const auto old = must(backend().version("group", "a", 1));
  ASSERT_TRUE(old);
  EXPECT_EQ(old->body, row("group/a@1").body);
  EXPECT_EQ(old->revision, 1U);
  EXPECT_EQ(must(backend().version("group", "a", 2))->body, row("group/a@2").body);
  EXPECT_FALSE(must(backend().version("group", "a", 3)));
  EXPECT_FALSE(must(backend().version("group", "b", 1)));
  EXPECT_FALSE(must(backend().version("team", "a", 1)));
}

TEST_P(Conformance, ChangesAreWhatCommitsWroteCurrentOrNotWithoutHeadsAndBodies) {
  ASSERT_TRUE(apply(1, {"group/b@1", "group/a@1", "head/head@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2!", "team/a@1", "head/head@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3", "head/head@3"}));
  EXPECT_EQ(changed(1, 1), "group/a@1 group/b@1");
  EXPECT_EQ(changed(2, 2), "group/a@2! team/a@1");
  EXPECT_EQ(changed(1, 9), "group/a@1 group/b@1 group/a@2! team/a@1 group/a@3");
  EXPECT_EQ(changed(4, 9), "");
  EXPECT_EQ(changed(3, 2), "");
  must(backend().changes(1, 1, [&](Record&& record) -> base::Result<void> {
    EXPECT_EQ(record.body, "");
    EXPECT_EQ(record.header, row(describe_row(record)).header);
    EXPECT_EQ(record.wrapped, row(describe_row(record)).wrapped);
    return {};
  }));
}

TEST_P(Conformance, OldVersionsAreAllButTheCurrentOnes) {
  ASSERT_TRUE(apply(1, {"group/b@1", "group/a@1", "team/a@1", "head/head@1"}));
  EXPECT_EQ(old_versions(), "");
  ASSERT_TRUE(apply(2, {"group/b@2", "group/a@2!", "head/head@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3", "head/head@3"}));
  EXPECT_EQ(old_versions(), "group/a@1 group/a@2! group/b@1");
}

TEST_P(Conformance, PurgeTakesOldVersionsAndNeverTheCurrentOne) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1", "team/a@1"}));
  ASSERT_TRUE(apply(2, {"group/a@2", "group/b@2!", "team/a@2"}));
  ASSERT_TRUE(apply(3, {"group/a@3"}));
  const auto stamp = must(backend().change_stamp());
  EXPECT_EQ(must(backend().purge({{"group", "a", 2}, {"group", "c", 9}})), 1U);
  EXPECT_EQ(history("a"), "group/a@3 group/a@2");
  EXPECT_EQ(must(backend().purge({{"group", "a", 100}, {"group", "b", 100}})), 2U);
  EXPECT_EQ(history("a"), "group/a@3");
  EXPECT_EQ(history("b"), "group/b@2!");
  EXPECT_EQ(history("a", "team"), "team/a@2 team/a@1") << "another kind";
  EXPECT_EQ(must(backend().purge({{"group", "a", 100}})), 0U);
  EXPECT_EQ(must(backend().revision()), 3U) << "a purge is no commit";
  EXPECT_EQ(must(backend().change_stamp()), stamp) << "and it is our own";
  EXPECT_EQ(all(), "group/a@3 group/b@2! team/a@2");
  EXPECT_TRUE(apply(4, {"group/a@4", "group/b@3"})) << "versions go on";
  EXPECT_EQ(history("a"), "group/a@4 group/a@3");
}

TEST_P(Conformance, AVisitorsErrorStopsTheLoading) {
  ASSERT_TRUE(apply(1, {"group/a@1", "group/b@1"}));
  int visited = 0;
  const auto stop = [&](Record&&) -> base::Result<void> {
    ++visited;
    return base::fail(Code::kCorrupt, "stop");
  };
  EXPECT_EQ(backend().load_all(stop).error().message, "stop");
  EXPECT_EQ(backend().load_since(0, stop).error().message, "stop");
  EXPECT_EQ(visited, 2);
  EXPECT_TRUE(apply(2, {"group/a@2"}));
}

TEST_P(Conformance, WaitWakesOnACommit) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  std::thread writer([&] { EXPECT_TRUE(apply(2, {"group/a@2"})); });
  EXPECT_EQ(must(backend().wait(1, milliseconds(60'000))), 2U);
  writer.join();
}

TEST_P(Conformance, WaitDoesNotWaitForWhatIsThereAndEndsWithItsTime) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  EXPECT_EQ(must(backend().wait(0, milliseconds(60'000))), 1U);
  EXPECT_EQ(must(backend().wait(1, milliseconds(1))), 1U);
}

TEST_P(Conformance, OwnCommitsDoNotMoveTheChangeStamp) {
  const auto stamp = must(backend().change_stamp());
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  must(backend().put_telemetry({{"a", "1"}}));
  EXPECT_EQ(must(backend().change_stamp()), stamp);
}

TEST_P(Conformance, TelemetryIsPutByKeyFoundByPrefixAndRaisesNoRevision) {
  must(backend().put_telemetry({{"used/b", "1"}, {"used/a", std::string("2\0", 2)}, {"x", "3"}}));
  must(backend().put_telemetry({{"used/b", "4"}}));
  const auto found = must(backend().telemetry("used/"));
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].key, "used/a");
  EXPECT_EQ(found[0].value, std::string("2\0", 2));
  EXPECT_EQ(found[1].value, "4");
  EXPECT_EQ(must(backend().telemetry("%")).size(), 0U);
  must(backend().put_telemetry({{"used/b", ""}, {"used/never", ""}}));
  EXPECT_EQ(must(backend().telemetry("used/")).size(), 1U);
  EXPECT_EQ(must(backend().revision()), 0U);
}

TEST_P(Conformance, TelemetryOfARangeComesFromTheEndThatIsAskedFor) {
  must(backend().put_telemetry({{"a/1", "1"}, {"a/2", std::string("2\0", 2)}, {"a/3", "3"}}));
  must(backend().put_telemetry({{"a", "0"}, {"a/\xc3\xa9", "4"}, {"b/1", "5"}, {"A/1", "6"}}));
  const auto keys = [&](const TelemetryRange& range) {
    std::string out;
    for (const Telemetry& one : must(backend().telemetry_between(range))) {
      out += (out.empty() ? "" : " ") + one.key + "=" + one.value.substr(0, 1);
    }
    return out;
  };
  EXPECT_EQ(keys({.first = "a/", .last = "a0", .limit = 9}), "a/1=1 a/2=2 a/3=3 a/\xc3\xa9=4")
      << "in the order of bytes";
  EXPECT_EQ(keys({.first = "a/2", .last = "a/3", .limit = 9}), "a/2=2") << "last is not in it";
  EXPECT_EQ(keys({.first = "a/15", .last = "a/25", .limit = 9}), "a/2=2") << "ends need not exist";
  EXPECT_EQ(keys({.first = "a/", .last = "a0", .limit = 2}), "a/1=1 a/2=2");
  EXPECT_EQ(keys({.first = "a/", .last = "a0", .limit = 3, .order = KeyOrder::kDescending}),
            "a/\xc3\xa9=4 a/3=3 a/2=2");
  EXPECT_EQ(keys({.first = "", .last = "a/2", .limit = 9}), "A/1=6 a=0 a/1=1");
  EXPECT_EQ(keys({.first = "a/", .last = "a0", .limit = 0}), "");
  EXPECT_EQ(keys({.first = "a/2", .last = "a/2", .limit = 9}), "");
  EXPECT_EQ(keys({.first = "a/3", .last = "a/2", .limit = 9, .order = KeyOrder::kDescending}), "");
  EXPECT_EQ(must(backend().telemetry_between({.first = "a/2", .last = "a/3", .limit = 1}))[0].value,
            std::string("2\0", 2));
}

TEST_P(Conformance, TelemetryOfOneHandleIsSeenByTheOthers) {
  must(backend().put_telemetry({{"used/a", "1"}, {"used/b", "2"}}));
  must(other().put_telemetry({{"used/a", "3"}, {"used/b", ""}}));
  const auto found = must(backend().telemetry("used/"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value, "3");
}

TEST_P(Conformance, ALeaseIsOneHoldersUntilItGivesItUp) {
  EXPECT_TRUE(must(backend().lease("purge", "a", std::chrono::seconds(600))));
  EXPECT_FALSE(must(other().lease("purge", "b", std::chrono::seconds(600))));
  EXPECT_FALSE(must(other().lease("purge", "b", std::chrono::seconds(0))));
  EXPECT_TRUE(must(other().lease("backup", "b", std::chrono::seconds(600)))) << "another name";
  EXPECT_TRUE(must(backend().lease("purge", "a", std::chrono::seconds(600)))) << "renewed";
  EXPECT_FALSE(must(other().lease("purge", "b", std::chrono::seconds(600))));
  EXPECT_TRUE(must(backend().lease("purge", "a", std::chrono::seconds(0))));
  EXPECT_TRUE(must(other().lease("purge", "b", std::chrono::seconds(600))));
  EXPECT_FALSE(must(backend().lease("purge", "a", std::chrono::seconds(600))));
  EXPECT_TRUE(must(backend().lease("never held", "a", std::chrono::seconds(0))));
}

TEST_P(Conformance, ALeaseWhoseTimeIsOverIsFree) {
  EXPECT_TRUE(must(backend().lease("purge", "a", std::chrono::seconds(1))));
  bool taken = false;
  for (int i = 0; i < 1000 && !taken; ++i) {
    taken = must(other().lease("purge", "b", std::chrono::seconds(600)));
    if (!taken) (void)must(backend().wait(0, milliseconds(10)));
  }
  EXPECT_TRUE(taken);
  EXPECT_FALSE(must(backend().lease("purge", "a", std::chrono::seconds(1))));
}

TEST_P(Conformance, OfManyWhoWantALeaseAtOnceOneGetsIt) {
  std::atomic<int> got = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    Backend& handle = i % 2 == 0 ? backend() : other();
    threads.emplace_back([&handle, &got, i] {
      if (must(handle.lease("purge", std::to_string(i), std::chrono::seconds(600)))) ++got;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(got, 1);
}

TEST_P(Conformance, LeasesAreNoCommits) {
  ASSERT_TRUE(apply(1, {"group/a@1"}));
  const auto stamp = must(backend().change_stamp());
  EXPECT_TRUE(must(backend().lease("purge", "a", std::chrono::seconds(600))));
  EXPECT_EQ(must(backend().change_stamp()), stamp);
  EXPECT_EQ(must(backend().revision()), 1U);
  EXPECT_TRUE(must(backend().telemetry("")).empty());
}

}  // namespace
}  // namespace sutler::store
