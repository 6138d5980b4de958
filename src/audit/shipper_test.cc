// Logs of several nodes that ship to one table: crashes, outages, and a table that somebody edits.
#include "audit/shipper.h"

#include <gtest/gtest.h>

#include "audit/log_start.h"
#include "audit/ship_test_support.h"

namespace sutler::audit {
namespace {

using testing::node_id;
using testing::ShipTest;

TEST_F(ShipTest, EachNodesLinesArriveByteForByteAsAChainOfTheirOwn) {
  for (const char letter : {'a', 'b', 'c'}) {
    auto& node = started(letter);
    for (int i = 0; i < 40; ++i) node.add("r" + std::to_string(i));
    node.stop();
  }
  for (const char letter : {'a', 'b', 'c'}) {
    const auto last = split(read(node(letter).options.folder / "current.jsonl")).size();
    EXPECT_EQ(verify_table(letter), "ok " + std::to_string(last));
    EXPECT_GT(rows_.chunks(node_id(letter)).size(), 3U);
  }
}

TEST_F(ShipTest, NothingReadableStandsInTheTable) {
  auto& node = started('a');
  node.add("canary-request");
  node.stop();
  for (const auto& [key, value] : rows_.rows) {
    EXPECT_EQ(value.find("canary"), std::string::npos);
    EXPECT_EQ(value.find("host-a"), std::string::npos);
  }
}

TEST_F(ShipTest, AnOutageDelaysAndLosesNothing) {
  auto& node = started('a');
  node.add("before");
  node.wait_until_shipped();
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.down = true;
  }
  for (int i = 0; i < 50; ++i) node.add("during");
  node.wait_for_failure();
  const auto stats = node.shipper->stats();
  EXPECT_EQ(stats.error->code, base::Code::kUnavailable);
  EXPECT_GT(stats.behind_lines, 0U);
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.down = false;
  }
  node.wait_until_shipped();
  node.stop();
  EXPECT_TRUE(verify_table('a').starts_with("ok "));
  EXPECT_GE(split(read(node.options.folder / "current.jsonl")).size(), 51U);
}

TEST_F(ShipTest, AWriteWhoseAnswerWasLostIsNotSentTwice) {
  auto& node = started('a');
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.lose_answer = true;
  }
  for (int i = 0; i < 30; ++i) node.add("r");
  node.wait_for_failure();
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.lose_answer = false;
  }
  node.stop();
  EXPECT_TRUE(verify_table('a').starts_with("ok ")) << verify_table('a');
}

TEST_F(ShipTest, AfterACrashBetweenAChunkAndTheRestItGoesOnAfterThatChunk) {
  auto& node = started('a');
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.tear = true;
  }
  for (int i = 0; i < 30; ++i) node.add("r");
  node.wait_for_failure();
  node.stop();
  EXPECT_FALSE(rows_.chunks(node.id()).empty());
  rows_.tear = false;
  ASSERT_TRUE(node.start());
  node.add("after");
  node.wait_until_shipped();
  node.stop();
  const auto last = split(read(node.options.folder / "current.jsonl")).size();
  EXPECT_EQ(verify_table('a'), "ok " + std::to_string(last));
}

TEST_F(ShipTest, RotatedFilesAreReadToTheirEnd) {
  auto& node = this->node('a');
  node.options.rotate_bytes = 3000;
  ASSERT_TRUE(node.start());
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 10; ++i) node.add("r");
    node.wait_until_shipped();
  }
  node.stop();
  EXPECT_GT(log_files(node.options.folder)->size(), 5U);
  EXPECT_TRUE(verify_table('a').starts_with("ok ")) << verify_table('a');
}

TEST_F(ShipTest, ALogThatWasLostGoesOnAfterWhatTheTableHas) {
  auto& node = started('a');
  for (int i = 0; i < 20; ++i) node.add("r");
  node.stop();
  std::filesystem::remove_all(node.options.folder);
  ASSERT_TRUE(node.start());
  node.add("after");
  node.wait_until_shipped();
  node.stop();
  EXPECT_TRUE(verify_table('a').starts_with("ok ")) << verify_table('a');
}

TEST_F(ShipTest, AnotherLogUnderTheSameNodeIsNotMixedIn) {
  auto& node = started('a');
  for (int i = 0; i < 20; ++i) node.add("r");
  node.stop();
  const auto before = rows_.rows;
  std::filesystem::remove_all(node.options.folder);
  rows_.down = true;  // so that it starts anew, not knowing of the chain
  ASSERT_TRUE(node.start());
  for (int i = 0; i < 40; ++i) node.add("other");
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.down = false;
  }
  const double end = base::monotonic_seconds() + 20;
  while (base::monotonic_seconds() < end) {
    const auto stats = node.shipper->stats();
    if (stats.error && stats.error->code == base::Code::kConflict) break;
  }
  ASSERT_TRUE(node.shipper->stats().error);
  EXPECT_EQ(node.shipper->stats().error->name, "audit_fork");
  node.stop();
  EXPECT_EQ(rows_.rows, before);
}

TEST_F(ShipTest, ALogOfAnotherNodeIsRefused) {
  started('a').add("r");
  node('a').stop();
  EXPECT_EQ(node_of_log(node('a').options.folder), node_id('a'));
  std::filesystem::copy(node('a').options.folder, root_ / "b",
                        std::filesystem::copy_options::recursive);
  const auto begun = node('b').start();
  ASSERT_FALSE(begun);
  EXPECT_NE(begun.error().message.find(node_id('a')), std::string::npos);
}

TEST_F(ShipTest, ATableThatSomebodyEditsIsFoundOut) {
  auto& node = started('a');
  for (int i = 0; i < 60; ++i) node.add("r" + std::to_string(i));
  node.stop();
  started('b').add("r");
  this->node('b').stop();
  const auto good = rows_.rows;
  const auto keys = rows_.chunks(node_id('a'));
  ASSERT_GT(keys.size(), 5U);
  ASSERT_TRUE(verify_table('a').starts_with("ok "));
  for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
    rows_.rows = good;
    rows_.rows.erase(keys[i]);
    EXPECT_NE(verify_table('a').find("missing"), std::string::npos) << i;
    rows_.rows = good;
    std::swap(rows_.rows[keys[i]], rows_.rows[keys[i + 1]]);
    EXPECT_TRUE(verify_table('a').starts_with("damaged")) << i;
    for (const std::size_t byte :
         {std::size_t{0}, std::size_t{5}, std::size_t{20}, std::size_t{80}}) {
      rows_.rows = good;
      rows_.rows[keys[i]][byte] ^= 1;
      EXPECT_TRUE(verify_table('a').starts_with("damaged")) << i << " " << byte;
    }
  }
  rows_.rows = good;
  const std::string foreign = rows_.chunks(node_id('b')).front();
  rows_.rows[keys[0]] = rows_.rows[foreign];
  EXPECT_TRUE(verify_table('a').starts_with("damaged")) << "another node's";
}

TEST_F(ShipTest, RetentionLetsGoWithARecordThatProvesIt) {
  auto& node = this->node('a');
  node.ship.keep.days = 1;
  node.ship.keep.every = std::chrono::milliseconds(0);
  ASSERT_TRUE(node.start());
  for (int i = 0; i < 30; ++i) node.add("old");
  node.wait_until_shipped();
  const auto old = rows_.chunks(node.id());
  clock_.set(clock_.now() + std::chrono::hours(48));
  const double end = base::monotonic_seconds() + 20;
  while (rows_.chunks(node.id()).front() == old.front() && base::monotonic_seconds() < end) {
    node.add("new");
    node.wait_until_shipped();
  }
  node.stop();
  EXPECT_NE(rows_.chunks(node.id()).front(), old.front());
  ChainVerifier verifier(key(), 1);
  const std::string without = verify_table('a');
  EXPECT_NE(without.find("older lines are missing"), std::string::npos) << without;
  // The records of all chains together prove it; here that of the node itself.
  std::vector<LetGo> told;
  for (std::uint64_t seq = 0;;) {
    const auto found = table_.at_or_after(node.id(), seq);
    if (!found->chunk) break;
    for (const std::string& line : split(found->chunk->lines)) {
      ASSERT_TRUE(verifier.check_line(line));
    }
    seq = found->chunk->last_seq + 1;
  }
  told = verifier.let_go();
  ASSERT_FALSE(told.empty());
  EXPECT_TRUE(verify_table('a', told).starts_with("ok ")) << verify_table('a', told);
  // One row more than the record says is not covered by it.
  rows_.rows.erase(rows_.chunks(node.id()).front());
  EXPECT_NE(verify_table('a', told).find("older lines are missing"), std::string::npos);
}

TEST_F(ShipTest, WhatANodeSaysOfItselfIsThereAndSealed) {
  auto& node = started('a');
  node.add("r");
  node.wait_until_shipped();
  auto heads = table_.heads();
  ASSERT_TRUE(heads);
  ASSERT_EQ(heads->size(), 1U);
  EXPECT_EQ(heads->front().name, "host-a");
  EXPECT_FALSE(heads->front().stopped);
  node.stop();
  heads = table_.heads();
  EXPECT_TRUE(heads->front().stopped);
  EXPECT_FALSE(heads->front().is_behind());
  rows_.rows["audit-node/" + node_id('a')][40] ^= 1;
  EXPECT_TRUE(table_.heads()->empty());
}

}  // namespace
}  // namespace sutler::audit
