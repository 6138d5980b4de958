// Old files go by size and age; verify accepts what was let go on purpose and nothing else.
#include <gtest/gtest.h>

#include <atomic>

#include "audit/line.h"
#include "audit/log_impl.h"
#include "audit/log_test_support.h"

namespace sutler::audit {
namespace {

using base::UnixTime;

UnixTime day(std::int64_t number) { return UnixTime::from_seconds(number * 86'400); }

TEST(FilesToPrune, TheOldestGoUntilTheRestFits) {
  const std::vector<UnixTime> begins = {day(1), day(2), day(3), day(4)};
  EXPECT_EQ(files_to_prune({10, 10, 10, 5}, begins, {.bytes = 25}, day(4)), 1u);
  EXPECT_EQ(files_to_prune({10, 10, 10, 5}, begins, {.bytes = 35}, day(4)), 0u);
  EXPECT_EQ(files_to_prune({10, 10, 10, 5}, begins, {.bytes = 1}, day(4)), 3u);  // the last stays
  EXPECT_EQ(files_to_prune({10, 10, 10, 5}, begins, {}, day(400)), 0u);
}

TEST(FilesToPrune, AFileIsAsOldAsItsLastLine) {
  const std::vector<UnixTime> begins = {day(1), day(10), day(20)};
  EXPECT_EQ(files_to_prune({1, 1, 1}, begins, {.days = 30}, day(40)), 0u);
  EXPECT_EQ(files_to_prune({1, 1, 1}, begins, {.days = 30}, day(41)), 1u);
  EXPECT_EQ(files_to_prune({1, 1, 1}, begins, {.days = 30}, day(400)), 2u);
}

class RetentionTest : public testing::LogTest {
 protected:
  // A log of several files, of which retention has let the first go.
  void make_pruned_log() {
    options_.rotate_bytes = 2048;
    options_.keep.bytes = 12'000;
    options_.checkpoint_every = std::chrono::milliseconds(1);
    ASSERT_TRUE(open());
    const auto first = options_.folder / "audit-000000000001.jsonl";
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::filesystem::exists(first) || files().size() < 3) {
      ASSERT_LT(std::chrono::steady_clock::now(), end);
      ASSERT_TRUE(append(fetch(), Durability::kSynced));
    }
    close();
  }
  std::vector<std::filesystem::path> files() { return *log_files(options_.folder); }
};

TEST_F(RetentionTest, WhatWasLetGoIsAcceptedAndTheServerStartsAgain) {
  make_pruned_log();
  const auto verified = verify();
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_TRUE(verified->pruned);
  EXPECT_GT(verified->first_seq, 1u);
  ASSERT_TRUE(open(kept_.back()));
  ASSERT_TRUE(append(fetch()));
  close();
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(RetentionTest, NothingGoesForItsAgeWhileTheClockIsNotTrusted) {
  options_.rotate_bytes = 2048;
  options_.keep.days = 1;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  std::atomic<int> asked = 0;
  std::atomic<bool> trusted = false;
  options_.clock_trusted = [&] {
    ++asked;
    return trusted.load();
  };
  ASSERT_TRUE(open());
  const auto first = options_.folder / "audit-000000000001.jsonl";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (files().size() < 3) ASSERT_TRUE(append(fetch(), Durability::kSynced));
  clock_.set(clock_.now() + std::chrono::hours(24 * 3650));
  close();
  ASSERT_TRUE(open(kept_.back()));
  for (asked = 0; asked == 0;) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    ASSERT_TRUE(append(fetch(), Durability::kSynced));
  }
  close();
  EXPECT_TRUE(std::filesystem::exists(first));
  trusted = true;
  ASSERT_TRUE(open(kept_.back()));
  while (std::filesystem::exists(first)) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    ASSERT_TRUE(append(fetch(), Durability::kSynced));
  }
  close();
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(RetentionTest, ACrashBetweenTwoFilesThatGoLeavesALogThatIsGood) {
  options_.rotate_bytes = 2048;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open());
  while (files().size() < 6) ASSERT_TRUE(append(fetch(), Durability::kSynced));
  close();
  const auto all = files();
  std::filesystem::copy(options_.folder, root_ / "copy");
  options_.rotate_bytes = 1024 * 1024;
  options_.keep.bytes = 5000;
  ASSERT_TRUE(open(kept_.back()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::filesystem::exists(all[2])) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    ASSERT_TRUE(append(fetch(), Durability::kSynced));
  }
  close();
  EXPECT_EQ(verdict(), "ok");
  // Put back all that went but the first.
  for (std::size_t i = 1; i < all.size() && !std::filesystem::exists(all[i]); ++i) {
    std::filesystem::copy(root_ / "copy" / all[i].filename(), all[i]);
  }
  EXPECT_EQ(verdict(), "ok");
  std::filesystem::remove(all[2]);
  EXPECT_NE(verdict(), "ok") << "a gap is one";
}

TEST_F(RetentionTest, MoreThanWasLetGoIsNoticed) {
  make_pruned_log();
  ASSERT_GE(files().size(), 2u);
  std::filesystem::remove(files().front());
  EXPECT_NE(verdict().find("older lines are missing"), std::string::npos) << verdict();
}

TEST_F(RetentionTest, AFileMissingInTheMiddleIsNoticed) {
  make_pruned_log();
  ASSERT_GE(files().size(), 3u);
  std::filesystem::remove(files()[1]);
  EXPECT_NE(verdict().find("are missing before it"), std::string::npos) << verdict();
}

TEST_F(RetentionTest, NobodyButTheLogMaySayThatLinesWereLetGo) {
  ASSERT_TRUE(open());
  Event event = fetch();
  event.event = kPrunedEvent;
  EXPECT_EQ(append(event).error().code, base::Code::kInvalid);
}

}  // namespace
}  // namespace sutler::audit
