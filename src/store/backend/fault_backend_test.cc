// The store over a backend that fails or is slow, at each of its operations.
#include "store/backend/fault_backend.h"

#include <gtest/gtest.h>

#include <future>

#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using base::Error;
using test::changes;
using test::Fixture;
using test::group;
using test::kSomebody;
using test::master_keys;
using test::must;
using test::put;
using test::show;

// Opens, commits, verifies and reads; gives the number of acknowledged commits.
std::uint64_t scenario(std::unique_ptr<Backend> backend) {
  std::uint64_t acknowledged = 0;
  auto store = Store::open(std::move(backend), master_keys());
  if (!store) return 0;
  for (const auto* value : {"1", "2"}) {
    const auto before = (*store)->snapshot();
    const auto committed = put(**store, group("g", {{"A", value}}));
    if (committed) {
      ++acknowledged;
      EXPECT_EQ(show(*(*store)->snapshot(), "g"), std::string("A=") + value);
    } else {
      EXPECT_EQ((*store)->snapshot(), before) << "a failed commit must not be seen";
    }
    (void)(*store)->verify();
  }
  (void)(*store)->history("default", "g");
  (void)(*store)->version("default", "g", 1);
  (void)(*store)->commit_changes(2);
  (void)(*store)->purge_all({.keep_versions = 1, .in_force_since = {}});
  return acknowledged;
}

TEST(FaultBackend, AFailureAtAnyPointLeavesTheStoreWholeAndNoAcknowledgedWriteIsLost) {
  std::size_t calls = 0;
  // The first round fails nowhere and counts.
  for (std::size_t failing = 0; failing <= calls; ++failing) {
    const std::shared_ptr<Backend> memory = make_memory_backend();
    must(Store::create(*memory, *master_keys(), kSomebody));
    std::size_t count = 0;
    const std::uint64_t acknowledged = scenario(
        with_errors(std::make_unique<test::Meddler>(memory),
                    [&](std::string_view operation) -> std::optional<Error> {
                      if (++count != failing) return std::nullopt;
                      return Error{Code::kUnavailable, "made to fail: " + std::string(operation)};
                    }));
    calls = std::max(calls, count);
    const auto store = must(Store::open(std::make_unique<test::Meddler>(memory), master_keys()));
    EXPECT_EQ(store->snapshot()->revision, 1 + acknowledged) << "failing call " << failing;
  }
  EXPECT_GT(calls, 10U);
}

TEST(FaultBackend, AllOperationsFailingFromAnyPointOnIsNoHarmEither) {
  for (std::size_t from = 0; from < 24; ++from) {
    const std::shared_ptr<Backend> memory = make_memory_backend();
    must(Store::create(*memory, *master_keys(), kSomebody));
    std::size_t count = 0;
    const std::uint64_t acknowledged = scenario(with_errors(
        std::make_unique<test::Meddler>(memory), [&](std::string_view) -> std::optional<Error> {
          if (count++ < from) return std::nullopt;
          return Error{Code::kNoSpace, "full"};
        }));
    const auto store = must(Store::open(std::make_unique<test::Meddler>(memory), master_keys()));
    EXPECT_EQ(store->snapshot()->revision, 1 + acknowledged) << "failing from " << from;
  }
}

TEST(FaultBackend, AFullDiskRefusesTheWriteAndTheNextOneWorks) {
  const std::shared_ptr<Backend> memory = make_memory_backend();
  must(Store::create(*memory, *master_keys(), kSomebody));
  bool full = true;
  auto store =
      must(Store::open(with_errors(std::make_unique<test::Meddler>(memory),
                                   [&](std::string_view operation) -> std::optional<Error> {
                                     if (operation != "apply" || !full) return std::nullopt;
                                     return Error{Code::kNoSpace, "full"};
                                   }),
                       master_keys()));
  EXPECT_EQ(put(*store, group("g")).error().code, Code::kNoSpace);
  EXPECT_FALSE(store->integrity()) << "a full disk is no damage";
  full = false;
  EXPECT_TRUE(put(*store, group("g")));
}

TEST(FaultBackend, AnAnswerThatWasLostIsFoundOutAndAcknowledged) {
  Fixture fixture;
  fixture.meddler->lose_answer = true;
  EXPECT_EQ(must(put(*fixture.store, group("g", {{"A", "1"}}))), 2U);
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "A=1");
  EXPECT_EQ(must(put(*fixture.store, group("g", {{"A", "2"}}))), 3U);
}

TEST(FaultBackend, AnOutcomeThatNobodyTellsIsSettledBeforeTheNextWrite) {
  Fixture fixture;
  fixture.meddler->lose_answer = true;
  fixture.meddler->fails = [](std::string_view operation) { return operation == "version"; };
  EXPECT_EQ(put(*fixture.store, group("g", {{"A", "1"}})).error().code, Code::kUnavailable);
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "none");
  fixture.meddler->fails = [](std::string_view) { return false; };
  fixture.meddler->lose_answer = false;
  EXPECT_EQ(must(put(*fixture.store, group("h", {{"B", "1"}}))), 3U);
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "A=1");
}

TEST(FaultBackend, WhatBecameOfAChangeThatWasToldAsFailedIsToldWhenItIsKnown) {
  using Outcome = Settled::Outcome;
  for (const bool made : {true, false}) {
    Fixture fixture;
    std::vector<Settled> told;
    fixture.store->on_settled([&](const Settled& one) { told.push_back(one); });
    CommitInfo info = kSomebody;
    info.request_id = "0123456789abcdef";
    fixture.meddler->unreachable = true;
    fixture.meddler->lose_answer = made;
    fixture.meddler->fails = [made](std::string_view operation) {
      return operation == "version" || (operation == "apply" && !made);
    };
    EXPECT_FALSE(fixture.store->commit(changes(PutGroup{group("g"), {}}), info));
    EXPECT_TRUE(fixture.store->is_in_doubt());
    must(fixture.store->follow());
    EXPECT_TRUE(told.empty()) << "nobody can know yet";
    fixture.meddler->fails = [](std::string_view) { return false; };
    must(fixture.store->follow());
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].outcome, made ? Outcome::kMade : Outcome::kNotMade);
    EXPECT_EQ(told[0].revision, 2U);
    EXPECT_EQ(told[0].info.request_id, "0123456789abcdef");
    EXPECT_EQ(fixture.store->snapshot()->revision, made ? 2U : 1U);
    EXPECT_FALSE(fixture.store->is_in_doubt());
    must(fixture.store->follow());
    EXPECT_EQ(told.size(), 1U) << "once";
  }
}

TEST(FaultBackend, AChangeOfSomebodyElseInItsPlaceIsNotTakenForIt) {
  Fixture fixture;
  std::vector<Settled> told;
  fixture.store->on_settled([&](const Settled& one) { told.push_back(one); });
  fixture.meddler->unreachable = true;
  fixture.meddler->fails = [](std::string_view operation) {
    return operation == "version" || operation == "apply";
  };
  EXPECT_FALSE(put(*fixture.store, group("g", {{"A", "mine"}})));
  must(put(*fixture.open(), group("g", {{"A", "theirs"}})));
  fixture.meddler->fails = [](std::string_view) { return false; };
  must(fixture.store->follow());
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].outcome, Settled::Outcome::kNotMade);
  EXPECT_EQ(show(*fixture.store->snapshot(), "g"), "A=theirs");
}

TEST(FaultBackend, ReadersDoNotWaitForASlowDatabase) {
  Fixture fixture;
  std::promise<void> entered;
  std::promise<void> release;
  auto released = release.get_future().share();
  auto slow =
      must(Store::open(with_latency(std::make_unique<test::Meddler>(fixture.backend),
                                    [&, first = true](std::string_view operation) mutable {
                                      if (operation != "apply" || !std::exchange(first, false))
                                        return;
                                      entered.set_value();
                                      released.wait();
                                    }),
                       master_keys()));
  auto writer = std::async(std::launch::async, [&] { return put(*slow, group("g")); });
  entered.get_future().wait();
  EXPECT_EQ(slow->snapshot()->revision, 1U);
  EXPECT_FALSE(slow->integrity());
  EXPECT_TRUE(slow->codec()) << "the past and the master keys are looked at meanwhile";
  EXPECT_TRUE(slow->sealer());
  EXPECT_EQ(must(slow->history("default", "g")).size(), 0U);
  release.set_value();
  EXPECT_EQ(must(writer.get()), 2U);
}

}  // namespace
}  // namespace sutler::store
