// The records of several nodes as one: against a naive model, with cursors, outages and lag.
#include "audit/merged.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <tuple>

#include "audit/ship_test_support.h"

namespace sutler::audit {
namespace {

using testing::Node;
using testing::node_id;
using testing::ShipTest;

class MergedTest : public ShipTest {
 protected:
  // "a:3" for a record of node a.
  static std::string name_of(const std::string& line) {
    const auto head = read_line_head(line);
    return std::string(1, head->node[0]) + ":" + std::to_string(head->seq);
  }
  static MergedPage ask(MergedLog& log, const MergedAsk& wanted) {
    auto page = log.query(wanted);
    EXPECT_TRUE(page) << (page ? "" : page.error().message);
    return page ? std::move(*page) : MergedPage{};
  }
  static std::vector<std::string> all(MergedLog& log, MergedAsk wanted) {
    std::vector<std::string> out;
    for (int pages = 0; pages < 10'000; ++pages) {
      const MergedPage page = ask(log, wanted);
      for (const Record& record : page.records) out.push_back(name_of(record.line));
      if (!page.next) return out;
      // As a client does: by text.
      const auto parsed = MergedCursor::parse(page.next->encode(wanted.order), wanted.order);
      EXPECT_TRUE(parsed);
      wanted.cursor = *parsed;
    }
    ADD_FAILURE() << "the pages do not end";
    return out;
  }
  // All lines of all folders in order of time, node and seq.
  std::vector<std::string> naive(const Filter& filter, Order order) {
    std::vector<std::tuple<std::string, std::string, std::uint64_t, std::string>> found;
    const LineMatcher matcher(filter);
    for (const auto& [letter, node] : nodes_) {
      const auto files = log_files(node->options.folder);
      for (const auto& path : *files) {
        for (const std::string& line : split(read(path))) {
          if (!matcher.matches(line)) continue;
          found.emplace_back(time_of_line(line), node->id(), read_line_head(line)->seq, line);
        }
      }
    }
    std::ranges::sort(found);
    if (order == Order::kNewestFirst) std::ranges::reverse(found);
    std::vector<std::string> out;
    for (const auto& one : found) out.push_back(name_of(std::get<3>(one)));
    return out;
  }
  void advance(std::int64_t microseconds) {
    clock_.set({clock_.now().microseconds + microseconds});
  }
};

TEST_F(MergedTest, ThePagesTogetherAreWhatANaiveReadingGives) {
  std::mt19937 random(11);
  for (const char letter : {'a', 'b', 'c'}) {
    node(letter).options.rotate_bytes = 20'000;
    ASSERT_TRUE(node(letter).start());
  }
  for (int i = 0; i < 600; ++i) {
    advance(static_cast<std::int64_t>(random() % 3) * 700'000);  // some at the same time
    node("abc"[random() % 3]).add("r" + std::to_string(random() % 7), random() % 2 ? "p" : "q");
    if (i % 150 == 149) {
      for (const char letter : {'a', 'b', 'c'}) node(letter).wait_until_shipped();
    }
  }
  for (const char letter : {'a', 'b', 'c'}) node(letter).wait_until_shipped();
  for (const char letter : {'b', 'c'}) node(letter).stop();
  auto log = merged('a');
  const auto start = base::UnixTime::from_seconds(1'800'000'000);
  for (int round = 0; round < 30; ++round) {
    Filter filter;
    if (random() % 2) filter.project = "q";
    if (random() % 3 == 0) filter.request_id = "r" + std::to_string(random() % 7);
    if (random() % 3 == 0) filter.since = start + std::chrono::seconds(random() % 400);
    if (random() % 3 == 0) filter.until = start + std::chrono::seconds(400 + random() % 300);
    for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
      MergedAsk wanted{.filter = filter, .order = order, .limit = 1 + random() % 40};
      if (random() % 4 == 0) wanted.read_bytes_max = 4000;  // pages that end for what was read
      EXPECT_EQ(all(log, wanted), naive(filter, order)) << round;
    }
  }
  std::vector<std::string> each;
  ASSERT_TRUE(log.for_each({}, [&](std::string_view line) {
    each.push_back(name_of(std::string(line)));
    return true;
  }));
  EXPECT_EQ(each, naive({}, Order::kOldestFirst));
}

TEST_F(MergedTest, ACursorStaysGoodWhileTheLogsGrow) {
  for (const char letter : {'a', 'b'}) ASSERT_TRUE(node(letter).start());
  for (int i = 0; i < 20; ++i) {
    advance(1000);
    node("ab"[i % 2]).add("old");
  }
  for (const char letter : {'a', 'b'}) node(letter).wait_until_shipped();
  auto log = merged('a');
  MergedAsk wanted{.filter = {.request_id = "old"}, .limit = 3};
  std::vector<std::string> seen;
  for (;;) {
    const MergedPage page = ask(log, wanted);
    for (const Record& record : page.records) seen.push_back(name_of(record.line));
    if (!page.next) break;
    wanted.cursor = page.next;
    advance(1000);
    for (const char letter : {'a', 'b'}) {
      node(letter).add("old");
      node(letter).wait_until_shipped();
    }
  }
  EXPECT_EQ(seen.size(), 20U) << "what came later is newer than the first page";
  auto sorted = seen;
  std::ranges::sort(sorted);
  EXPECT_EQ(std::ranges::unique(sorted).begin(), sorted.end());
}

TEST_F(MergedTest, FollowsRecordsOfAllNodesFromWhereItWas) {
  for (const char letter : {'a', 'b'}) {
    started(letter).add("before");
    node(letter).wait_until_shipped();
  }
  auto log = merged('a');
  MergedAsk wanted{.order = Order::kOldestFirst};
  const auto end = log.end();
  ASSERT_TRUE(end);
  wanted.cursor = *end;
  EXPECT_TRUE(ask(log, wanted).records.empty());
  node('b').add("of b");
  node('b').wait_until_shipped();
  MergedPage page = ask(log, wanted);
  ASSERT_EQ(page.records.size(), 1U);
  EXPECT_EQ(page.records[0].line.substr(0, 7), R"({"seq":)");
  EXPECT_NE(page.records[0].line.find("of b"), std::string::npos);
  wanted.cursor = page.last;
  node('a').add("of a");
  started('c').add("of c");  // one that was not there before
  node('c').wait_until_shipped();
  page = ask(log, wanted);
  EXPECT_EQ(page.records.size(), 2U);
  wanted.cursor = page.last;
  EXPECT_TRUE(ask(log, wanted).records.empty());
}

TEST_F(MergedTest, NewsOfOthersAreSeen) {
  for (const char letter : {'a', 'b'}) {
    started(letter).add("before");
    node(letter).wait_until_shipped();
  }
  auto log = merged('a');
  const auto end = log.end();
  ASSERT_TRUE(end);
  node('b').add("news");
  node('b').wait_until_shipped();
  EXPECT_TRUE(log.has_news(*end));
}

TEST_F(MergedTest, OneNodeIsAskedForByItsIdOrName) {
  for (const char letter : {'a', 'b'}) {
    started(letter).add("r");
    node(letter).wait_until_shipped();
  }
  auto log = merged('a');
  EXPECT_EQ(all(log, {.node = "host-b"}), std::vector<std::string>{"b:1"});
  EXPECT_EQ(all(log, {.node = node_id('b')}), std::vector<std::string>{"b:1"});
  EXPECT_EQ(all(log, {.node = "host-a"}), std::vector<std::string>{"a:1"});
  EXPECT_EQ(log.query({.node = "host-x"}).error().name, "unknown_node");
}

TEST_F(MergedTest, ItSaysWhoIsBehind) {
  for (const char letter : {'a', 'b'}) {
    started(letter).add("r");
    node(letter).wait_until_shipped();
  }
  auto log = merged('a');
  MergedPage page = ask(log, {});
  ASSERT_EQ(page.nodes.size(), 2U);
  EXPECT_EQ(page.nodes[0].state, NodeState::State::kOwn);
  EXPECT_EQ(page.nodes[1].state, NodeState::State::kCurrent);
  EXPECT_TRUE(page.is_complete());
  clock_.set(clock_.now() + std::chrono::minutes(5));
  page = ask(log, {});
  EXPECT_EQ(page.nodes[1].state, NodeState::State::kSilent);
  EXPECT_FALSE(page.is_complete());
  node('b').stop();
  page = ask(log, {});
  EXPECT_EQ(page.nodes[1].state, NodeState::State::kStopped);
  EXPECT_TRUE(page.is_complete());
  const NodeHead behind{.node = node_id('b'),
                        .name = "host-b",
                        .seen = clock_.now(),
                        .local_seq = 9,
                        .shipped_seq = 2,
                        .waiting_since = clock_.now() + std::chrono::seconds(-30)};
  ASSERT_TRUE(table_.put({}, &behind));
  page = ask(log, {});
  EXPECT_EQ(page.nodes[1].state, NodeState::State::kBehind);
  EXPECT_EQ(page.nodes[1].behind_lines, 7U);
  EXPECT_NEAR(page.nodes[1].behind_seconds, 30, 0.01);
  EXPECT_FALSE(page.is_complete());
}

TEST_F(MergedTest, WithoutTheTableItAnswersForThisNodeAlone) {
  started('a').add("r");
  node('a').wait_until_shipped();
  auto log = merged('a');
  {
    const std::lock_guard lock(rows_.mutex);
    rows_.down = true;
  }
  EXPECT_EQ(log.query({}).error().code, base::Code::kUnavailable);
  EXPECT_EQ(all(log, {.node = "host-a"}), std::vector<std::string>{"a:1"});
}

TEST_F(MergedTest, ADamagedRowIsLeftOutAndToldOf) {
  started('a');
  auto& other = started('b');
  for (int i = 0; i < 40; ++i) other.add("r");
  other.stop();
  const auto keys = rows_.chunks(node_id('b'));
  ASSERT_GT(keys.size(), 3U);
  rows_.rows[keys[1]][50] ^= 1;
  auto log = merged('a');
  for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
    const MergedPage page = ask(log, {.order = order, .limit = 1000});
    ASSERT_EQ(page.damaged.size(), 1U);
    EXPECT_EQ(page.damaged[0].node, node_id('b'));
    EXPECT_FALSE(page.is_complete());
    EXPECT_LT(page.records.size(), 40U);
    EXPECT_GT(page.records.size(), 20U);
  }
}

TEST_F(MergedTest, WhatTheOwnFilesHaveNoMoreComesFromTheTable) {
  auto& node = this->node('a');
  node.options.rotate_bytes = 4000;
  ASSERT_TRUE(node.start());
  for (int i = 0; i < 60; ++i) {
    advance(1000);
    node.add("r");
    if (i % 10 == 9) node.wait_until_shipped();
  }
  node.wait_until_shipped();
  const auto whole = naive({}, Order::kOldestFirst);
  const auto files = log_files(node.options.folder);
  ASSERT_GT(files->size(), 2U);
  std::filesystem::remove(files->front());
  auto log = merged('a');
  EXPECT_EQ(all(log, {.order = Order::kOldestFirst, .limit = 7}), whole);
  auto reversed = whole;
  std::ranges::reverse(reversed);
  EXPECT_EQ(all(log, {.limit = 7}), reversed);
}

TEST(MergedCursorText, IsReadBackAndRefusedElsewhere) {
  MergedCursor cursor;
  cursor.seqs = {{"0123456789ab", 0}, {"ffffffffffff", UINT64_MAX}, {"a00000000000", 300}};
  cursor.time = "2026-11-24T15:05:28.123456Z";
  const std::string text = cursor.encode(Order::kOldestFirst);
  const auto back = MergedCursor::parse(text, Order::kOldestFirst);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->seqs, cursor.seqs);
  EXPECT_EQ(back->time, cursor.time);
  EXPECT_FALSE(MergedCursor::parse(text, Order::kNewestFirst));
  EXPECT_FALSE(MergedCursor::parse("", Order::kOldestFirst));
  EXPECT_FALSE(MergedCursor::parse("12345", Order::kOldestFirst));
  EXPECT_FALSE(MergedCursor::parse(text.substr(0, text.size() - 3), Order::kOldestFirst));
}

}  // namespace
}  // namespace sutler::audit
