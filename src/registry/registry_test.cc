#include "registry/registry.h"

#include <gtest/gtest.h>

#include "registry/test_support.h"

namespace sutler::registry {
namespace {

using namespace test;

TEST(Registry, RemembersWhoFetchedWhichVersionsWhen) {
  Book book;
  book.fetch(10, "p/api", {{"g", 3, "A B"}, {"h", 1, ""}});
  book.fetch(20, "p/api", {{"g", 3, "A B"}, {"h", 1, ""}});
  book.fetch(30, "p/api", {{"g", 4, "A B"}});
  EXPECT_EQ(book.show("p/api"), "3x 10..30 g:3(A B)10..20 h:1()10..20 g:4(A B)30..30*");
}

TEST(Registry, CountsRepeatedFetchesOfOneBundleByItsAddress) {
  Book book;
  const ServedPointer same = served("p/api", {{"g", 1, "A"}});
  for (int i = 0; i < 1000; ++i) book.recorder->note(same, {at(10 + i), "10.0.0.1", "key1"});
  book.registry.settle();
  EXPECT_EQ(book.show("p/api"), "1000x 10..1009 g:1(A)10..1009*");
  EXPECT_EQ(book.registry.find(workload("p/api"))->last.remote, "10.0.0.1");
  EXPECT_EQ(same.use_count(), 1);
}

TEST(Registry, AFetchThatFailedIsKeptWithItsReasonAndChangesNoVersion) {
  Book book;
  book.fetch(10, "p/api", {{"g", 1, "A"}});
  book.recorder->note_failure(workload("p/api"), "missing_required", {at(20), "10.0.0.2", "key2"});
  book.registry.settle();
  const Record record = *book.registry.find(workload("p/api"));
  EXPECT_EQ(record.failures, 1U);
  EXPECT_EQ(record.last_failure, "missing_required");
  EXPECT_EQ(record.last.key_id, "key2");
  EXPECT_EQ(book.show("p/api"), "1x 10..10 g:1(A)10..10*");
}

TEST(Registry, ALateNoteOfAnotherThreadDoesNotTakeTheLastBundleBack) {
  Book book;
  const auto slow = book.registry.recorder();
  slow->note(served("p/api", {{"g", 1, "A"}}), {at(20), {}, {}});
  book.recorder->note(served("p/api", {{"g", 2, "A"}}), {at(30), {}, {}});
  book.registry.settle();
  EXPECT_EQ(book.show("p/api"), "2x 20..30 g:2(A)30..30* g:1(A)20..20");
}

TEST(Registry, WhatArrivedLastIsTheLastBundleWhereTheClockWasAheadOnce) {
  Book book;
  book.fetch(7200, "p/api", {{"g", 1, "A"}});
  (void)book.registry.take_changes(Registry::Due::kNews, 9);
  book.fetch(10, "p/api", {{"g", 2, "A"}});
  EXPECT_EQ(book.show("p/api"), "2x 10..10 g:1(A)7200..7200 g:2(A)10..10*");
  EXPECT_EQ(book.registry.find(workload("p/api"))->last.time, at(10));
  book.fetch(20, "p/api", {{"g", 1, "A"}});
  EXPECT_EQ(book.show("p/api"), "3x 10..20 g:1(A)20..7200* g:2(A)10..10");
  (void)book.registry.take_changes(Registry::Due::kNews, 9);
  book.fetch(30, "p/api", {{"g", 2, "A"}});
  EXPECT_EQ(book.registry.take_changes(Registry::Due::kNews, 9).records.size(), 1U)
      << "an older version once more is news";
}

TEST(Registry, DrawsTheOldestVersionsTogetherWhenThereAreTooMany) {
  Book book({.versions_max = 4});
  for (std::uint64_t v = 1; v <= 10; ++v) {
    book.fetch(static_cast<std::int64_t>(v), "p/api", {{"g", v, "A"}});
  }
  const Record record = *book.registry.find(workload("p/api"));
  EXPECT_LE(record.received.size(), 4U);
  EXPECT_EQ(record.received.front().version, 1U);
  EXPECT_GT(record.received.front().version_last, 1U);
  EXPECT_EQ(record.received.front().first, at(1));
  EXPECT_EQ(record.received.back().version, 10U);
}

TEST(Registry, ForgetsThoseUnseenForLongestAndCountsThem) {
  Book book({.workloads_max = 3});
  for (int i = 1; i <= 5; ++i) book.fetch(i, "p/o" + std::to_string(i), {{"g", 1, "A"}});
  EXPECT_EQ(book.registry.size(), 3U);
  EXPECT_EQ(book.registry.counters().evicted, 2U);
  EXPECT_FALSE(book.registry.find(workload("p/o1")));
  EXPECT_TRUE(book.registry.find(workload("p/o5")));
  EXPECT_EQ(book.registry.take_changes(Registry::Due::kNews, 100).gone.size(), 2U);
}

TEST(Registry, ATeamThatFillsItForgetsItsOwnAndRemembersThatItForgot) {
  Book book({.workloads_max = 5});
  book.fetch(1, "p/quiet", {{"g", 1, "A"}});
  for (int i = 1; i <= 20; ++i) {
    auto one = std::make_shared<Served>();
    one->workload = {"loud", "p", std::to_string(i), "service"};
    book.recorder->note(one, {at(100 + i), "10.0.0.1", "key1"});
    book.registry.settle();
  }
  EXPECT_TRUE(book.registry.find(workload("p/quiet")));
  EXPECT_EQ(book.registry.size(), 5U);
  EXPECT_EQ(book.registry.forgotten().count, 16U);
  EXPECT_EQ(book.registry.forgotten().last, at(116));
}

TEST(Registry, TellsOfEachNewWorkloadOnceAndCountsThoseOverTheLimit) {
  Book book;
  book.fetch(1, "p/a", {});
  book.fetch(2, "p/b", {});
  book.fetch(3, "p/a", {});
  const auto newcomers = book.registry.take_newcomers(1);
  ASSERT_EQ(newcomers.workloads.size(), 1U);
  EXPECT_EQ(newcomers.workloads[0].workload, workload("p/a"));
  EXPECT_EQ(newcomers.more, 1U);
  EXPECT_TRUE(book.registry.take_newcomers(9).workloads.empty());
}

TEST(Registry, WritesNewsAtOnceAndWhatWasOnlySeenAgainWhenItIsDue) {
  Book book;
  book.fetch(1, "p/a", {{"g", 1, "A"}});
  EXPECT_EQ(book.registry.take_changes(Registry::Due::kNews, 9).records.size(), 1U);
  book.fetch(2, "p/a", {{"g", 1, "A"}});
  EXPECT_TRUE(book.registry.take_changes(Registry::Due::kNews, 9).records.empty());
  EXPECT_EQ(book.registry.take_changes(Registry::Due::kAll, 9).records.size(), 1U);
  book.fetch(3, "p/a", {});  // a bundle that lost its group
  EXPECT_EQ(book.registry.take_changes(Registry::Due::kNews, 9).records.size(), 1U);
}

TEST(Registry, ListsInOrderBehindAWorkload) {
  Book book;
  for (const char* name : {"p/c", "p/a", "p/b"}) book.fetch(1, name, {});
  std::string names;
  const model::Workload after = workload("p/a");
  book.registry.for_each(&after, [&](const Record& record) {
    names += record.workload.object_id;
    return true;
  });
  EXPECT_EQ(names, "bc");
}

TEST(Recorder, CountsWhatItCannotHold) {
  Recorder recorder;
  for (std::size_t i = 0; i < Recorder::kHeldMax + 5; ++i) {
    recorder.note(served("p/o" + std::to_string(i), {}), {at(1), {}, {}});
  }
  Recorder::Taken taken;
  recorder.take(taken);
  EXPECT_EQ(taken.fetches.size(), Recorder::kHeldMax);
  EXPECT_EQ(taken.lost, 5U);
}

}  // namespace
}  // namespace sutler::registry
