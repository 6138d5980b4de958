// Pages over current and rotated files, cursors, filters; and a naive reading as the judge.
#include "audit/query.h"

#include <gtest/gtest.h>

#include <random>

#include "audit/line.h"
#include "audit/log_test_support.h"
#include "base/json.h"

namespace sutler::audit {
namespace {

class QueryTest : public testing::LogTest {
 protected:
  struct Who {
    std::string team = "default", project = "p", object = "o", group = "g", key = "K";
  };
  void add(const Who& who, Outcome outcome = Outcome::kOk) {
    const std::string groups = R"([{"name":")" + who.group + R"(","version":1}])";
    std::string keys = "[";
    base::append_json_string(keys, who.key);
    keys += "]";
    Event event = fetch();
    event.outcome = outcome;
    event.team = who.team;
    event.project_id = who.project;
    event.object_id = who.object;
    event.object_type = "service";
    event.groups_json = groups;
    event.keys_json = keys;
    ASSERT_TRUE(append(event));
  }
  Page ask(const Ask& ask) {
    auto page = query(options_.folder, ask);
    EXPECT_TRUE(page) << (page ? "" : page.error().message);
    return page ? std::move(*page) : Page{};
  }
  std::vector<std::uint64_t> seqs(const Ask& wanted) {
    std::vector<std::uint64_t> out;
    for (const Record& record : ask(wanted).records) out.push_back(record.seq);
    return out;
  }
};

using Seqs = std::vector<std::uint64_t>;

TEST_F(QueryTest, NewestAndOldestFirstGiveTheSameRecordsInTheirOrder) {
  ASSERT_TRUE(open());
  for (int i = 0; i < 5; ++i) add({});
  EXPECT_EQ(seqs({}), (Seqs{5, 4, 3, 2, 1}));
  EXPECT_EQ(seqs({.order = Order::kOldestFirst}), (Seqs{1, 2, 3, 4, 5}));
}

TEST_F(QueryTest, PagesGoOnWhereTheyEndedThoughTheLogGrowsAndRotates) {
  options_.rotate_bytes = 4096;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open());
  for (int i = 0; i < 40; ++i) add({});
  Ask wanted{.limit = 7};
  std::size_t count = 0;
  std::uint64_t before = UINT64_MAX;
  for (;;) {
    const Page page = ask(wanted);
    for (const Record& record : page.records) {
      EXPECT_LT(record.seq, before);
      before = record.seq;
    }
    count += page.records.size();
    if (!page.next) break;
    wanted.cursor = page.next;
    for (int i = 0; i < 9; ++i) add({});  // newer than the first page, never in a later one
    (void)wait_for_checkpoint(log_->position().seq);
  }
  EXPECT_EQ(count, 40u);
  EXPECT_GT(log_files(options_.folder)->size(), 1u);
}

TEST_F(QueryTest, FollowsFromTheLastSeqItHasSeen) {
  ASSERT_TRUE(open());
  add({});
  Ask wanted{.order = Order::kOldestFirst, .cursor = 0};
  Page page = ask(wanted);
  EXPECT_EQ(page.records.size(), 1u);
  wanted.cursor = page.last_seq;
  EXPECT_TRUE(ask(wanted).records.empty());
  add({});
  page = ask(wanted);
  ASSERT_EQ(page.records.size(), 1u);
  EXPECT_EQ(page.records.front().seq, 2u);
}

TEST_F(QueryTest, EachMemberOfTheFilterNarrows) {
  ASSERT_TRUE(open());
  add({});
  add({.team = "other"});
  add({.project = "q"});
  add({.object = "x"});
  add({.group = "h"});
  add({.key = "/etc/\"k\""});
  add({}, Outcome::kFailed);
  EXPECT_EQ(seqs({.filter = {.team = "other"}}), (Seqs{2}));
  EXPECT_EQ(seqs({.filter = {.project = "q"}}), (Seqs{3}));
  EXPECT_EQ(seqs({.filter = {.object = "x"}}), (Seqs{4}));
  EXPECT_EQ(seqs({.filter = {.group = "h"}}), (Seqs{5}));
  EXPECT_EQ(seqs({.filter = {.key = "/etc/\"k\""}}), (Seqs{6}));
  EXPECT_EQ(seqs({.filter = {.outcome = "failed"}}), (Seqs{7}));
  EXPECT_EQ(seqs({.filter = {.text = "\"k"}}), (Seqs{6}));
  EXPECT_EQ(seqs({.filter = {.event = "fe*"}}).size(), 7u);
  EXPECT_TRUE(seqs({.filter = {.event = "fe"}}).empty());
}

TEST_F(QueryTest, ANameIsFoundOnlyInItsOwnPlace) {
  ASSERT_TRUE(open());
  add({.team = "K", .project = "K", .object = "K", .group = "K", .key = "other"});
  EXPECT_TRUE(seqs({.filter = {.key = "K"}}).empty());
  EXPECT_TRUE(seqs({.filter = {.operator_name = "K"}}).empty());
  EXPECT_TRUE(seqs({.filter = {.key = "othe"}}).empty());
  EXPECT_EQ(seqs({.filter = {.group = "K"}}), (Seqs{1}));
}

TEST_F(QueryTest, TimesAreFromSinceUpToUntil) {
  ASSERT_TRUE(open());
  const auto at = [](std::int64_t s) { return base::UnixTime::from_seconds(1'800'000'000 + s); };
  for (int i = 0; i < 4; ++i) {
    clock_.set(at(i));
    add({});
  }
  EXPECT_EQ(seqs({.filter = {.since = at(1), .until = at(3)}}), (Seqs{3, 2}));
  EXPECT_FALSE(query(options_.folder, {.filter = {.since = at(3), .until = at(1)}}));
}

TEST_F(QueryTest, CheckpointsComeOnlyWhenAskedFor) {
  make_log(2);
  EXPECT_EQ(seqs({}), (Seqs{2, 1}));
  EXPECT_EQ(seqs({.filter = {.checkpoints = Filter::Checkpoints::kInclude}}), (Seqs{3, 2, 1}));
  EXPECT_EQ(seqs({.filter = {.event = "checkpoint"}}), (Seqs{3}));
}

TEST_F(QueryTest, ATornEndAndLinesLongerThanAChunkAreNoObstacle) {
  ASSERT_TRUE(open());
  add({});
  add({.key = std::string(2'000'000, 'k')});
  add({});
  write(options_.folder / "current.jsonl", read(current()) + R"({"seq":4,"time")");
  EXPECT_EQ(seqs({}), (Seqs{3, 2, 1}));
  EXPECT_EQ(seqs({.order = Order::kOldestFirst}), (Seqs{1, 2, 3}));
}

TEST_F(QueryTest, RefusesWhatCannotBeMeant) {
  make_log(1);
  EXPECT_FALSE(query(options_.folder, {.filter = {.outcome = "fine"}}));
  EXPECT_FALSE(query(options_.folder, {.filter = {.event = "*.x"}}));
  EXPECT_EQ(query(options_.folder / "none", {}).error().code, base::Code::kNotFound);
}

TEST_F(QueryTest, ThePagesTogetherAreWhatANaiveReadingGives) {
  options_.rotate_bytes = 64 * 1024;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open());
  std::mt19937 random(7);
  const auto pick = [&](const char* start) { return start + std::to_string(random() % 5); };
  for (int i = 0; i < 2000; ++i) add({pick("t"), pick("p"), pick("o"), pick("g"), pick("k")});
  close();
  for (int round = 0; round < 20; ++round) {
    const Filter filter{.project = pick("p"), .group = pick("g"), .key = pick("k")};
    Seqs naive;
    const auto files = log_files(options_.folder);
    for (const auto& path : *files) {
      for (const std::string& line : split(read(path))) {
        const bool match = line.find("\"projectId\":\"" + filter.project + "\"") != line.npos &&
                           line.find("{\"name\":\"" + filter.group + "\"") != line.npos &&
                           line.find("[\"" + filter.key + "\"]") != line.npos;
        if (match) naive.push_back(read_line_head(line)->seq);
      }
    }
    for (const Order order : {Order::kOldestFirst, Order::kNewestFirst}) {
      Ask wanted{.filter = filter, .order = order, .limit = 3};
      Seqs all;
      for (;;) {
        const Page page = ask(wanted);
        for (const Record& record : page.records) all.push_back(record.seq);
        if (!page.next) break;
        wanted.cursor = page.next;
      }
      if (order == Order::kNewestFirst) std::ranges::reverse(all);
      EXPECT_EQ(all, naive);
    }
  }
}

}  // namespace
}  // namespace sutler::audit
