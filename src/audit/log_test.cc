#include "audit/log.h"

#include <sys/stat.h>

#include <thread>

#include "audit/line.h"
#include "audit/log_test_support.h"

namespace sutler::audit {
namespace {

using base::Code;

class LogTest : public testing::LogTest {};

TEST_F(LogTest, AnAppendedBatchIsInTheFileInOrderWhenAppendReturns) {
  ASSERT_TRUE(open());
  const Event batch[] = {fetch("a"), denial(), fetch("b")};
  ASSERT_TRUE(log_->append(batch, Durability::kWritten));
  const auto all = lines();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_NE(all[0].find(R"("request_id":"a")"), std::string::npos);
  EXPECT_NE(all[1].find(R"("outcome":"denied")"), std::string::npos);
  EXPECT_NE(all[2].find(R"("request_id":"b")"), std::string::npos);
  EXPECT_EQ(log_->position().seq, 3u);
  EXPECT_EQ(log_->position().hash, std::string(read_line_head(all[2])->hash));
  EXPECT_EQ(log_->current_file(), current());
  EXPECT_EQ(log_->public_key(), key());
}

TEST_F(LogTest, ANewLogIsEmptyAndHasNoPosition) {
  ASSERT_TRUE(open());
  EXPECT_EQ(log_->position().seq, 0u);
  EXPECT_EQ(log_->position().hash, "");
  EXPECT_TRUE(log_->append({}, Durability::kSynced));
  close();
  EXPECT_EQ(read(current()), "");
  EXPECT_TRUE(kept_.empty());
}

TEST_F(LogTest, FilesAreForTheOwnerAlone) {
  options_.reserve_bytes = 4096;
  make_log(1);
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder)) {
    EXPECT_EQ(entry.status().permissions(), std::filesystem::perms(0600)) << entry.path();
  }
  EXPECT_EQ(std::filesystem::status(options_.folder).permissions(), std::filesystem::perms(0700));
  ::chmod(current().c_str(), 0644);
  ASSERT_TRUE(open());
  EXPECT_EQ(std::filesystem::status(current()).permissions(), std::filesystem::perms(0600));
}

TEST_F(LogTest, ClosingSignsACheckpointAndHandsItOver) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch()));
  close();
  ASSERT_EQ(kept_.size(), 1u);
  EXPECT_EQ(kept_[0].seq, 2u);
  EXPECT_EQ(kept_[0].hash, std::string(read_line_head(lines()[1])->hash));
  EXPECT_EQ(verdict(2), "ok");
}

TEST_F(LogTest, TheBackgroundSignsOnlyWhenThereAreNewRecords) {
  options_.checkpoint_every = std::chrono::milliseconds(2);
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch()));
  EXPECT_EQ(wait_for_checkpoint(2).seq, 2u);
  ASSERT_TRUE(append(fetch()));
  EXPECT_EQ(wait_for_checkpoint(4).seq, 4u);
  close();
  EXPECT_EQ(lines().size(), 4u);
  EXPECT_EQ(verdict(4), "ok");
}

TEST_F(LogTest, ReopeningGoesOnWithTheChain) {
  make_log(2);
  ASSERT_TRUE(open(kept_.back()));
  ASSERT_TRUE(append(fetch(), Durability::kSynced));
  EXPECT_EQ(log_->position().seq, 4u);
  close();
  EXPECT_EQ(verify(kept_.back().seq)->last_seq, 5u);
}

TEST_F(LogTest, ATornLastLineIsCutOffAndRecorded) {
  make_log(2);
  const std::string good = read(current());
  for (const std::string& torn : {good.substr(0, 40), std::string("{"), std::string(5000, '\0'),
                                  std::string(100, '\0') + good}) {
    write(current(), good + torn);
    ASSERT_TRUE(open(kept_.front()));
    close();
    const auto all = lines();
    ASSERT_EQ(all.size(), 5u);
    EXPECT_NE(all[3].find(R"("event":"audit.recovered","outcome":"failed","reason":"torn_line")"),
              std::string::npos);
    EXPECT_EQ(verdict(), "ok");
  }
}

TEST_F(LogTest, AFileThatIsAllTornIsStartedAnew) {
  make_log(0);
  write(current(), "{\"seq\":1,");
  ASSERT_TRUE(open());
  close();
  EXPECT_EQ(verify()->first_seq, 1u);
  EXPECT_NE(lines()[0].find("audit.recovered"), std::string::npos);
}

TEST_F(LogTest, ABrokenChainIsNotOpened) {
  make_log(3);
  const std::string good = read(current());
  auto all = lines();
  std::swap(all[0], all[1]);
  write(current(), join(all));
  EXPECT_EQ(open().error().code, Code::kCorrupt);
  std::string changed = good;
  changed[good.size() / 2] ^= 1;
  write(current(), changed);
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
  EXPECT_NE(refused.error().message.find("current.jsonl:"), std::string::npos);
  EXPECT_EQ(read(current()), changed);  // evidence stays as it is
}

TEST_F(LogTest, ALogThatEndsBeforeTheKeptCheckpointIsRecordedAsTruncated) {
  make_log(5);
  const Position known = kept_.back();
  auto all = lines();
  all.resize(3);
  write(current(), join(all));
  ASSERT_TRUE(open(known));
  EXPECT_EQ(log_->position().seq, known.seq + 1);
  close();
  EXPECT_EQ(lines()[0].find(R"({"seq":7,)"), 0u);
  EXPECT_NE(lines()[0].find(R"("event":"audit.truncated")"), std::string::npos);
  EXPECT_NE(lines()[0].find(R"("count":3,"prev":")" + known.hash), std::string::npos);
  EXPECT_NE(verdict().find("current.jsonl:1: the lines with seq 4 to 6 are missing"),
            std::string::npos)
      << verdict();
  ASSERT_TRUE(open(kept_.back()));  // and once is enough
  close();
  EXPECT_EQ(lines().size(), 2u);
}

TEST_F(LogTest, ALogThatIsGoneIsTruncatedToo) {
  make_log(5);
  std::filesystem::remove_all(options_.folder);
  ASSERT_TRUE(open(kept_.back()));
  close();
  EXPECT_EQ(lines()[0].find(R"({"seq":7,)"), 0u);
  EXPECT_NE(lines()[0].find(R"("event":"audit.truncated")"), std::string::npos);
  EXPECT_NE(verdict().find("starts with seq 7"), std::string::npos) << verdict();
}

TEST_F(LogTest, ALogWrittenAnewWithoutTheKeyIsNotOpened) {
  make_log(3);
  const Position known = kept_.back();
  std::filesystem::remove_all(options_.folder);
  seed_ = std::string(32, 't');
  make_log(5);
  const auto refused = open(known);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kCorrupt);
}

TEST_F(LogTest, ALargeFileIsRotatedAfterACheckpointAndTheChainGoesOn) {
  options_.rotate_bytes = 2000;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open());
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(append(fetch()));
    wait_for_checkpoint(log_->position().seq);
  }
  close();
  const auto files = log_files(options_.folder);
  ASSERT_TRUE(files);
  ASSERT_GT(files->size(), 3u);
  EXPECT_EQ((*files)[0].filename(), "audit-000000000001.jsonl");
  for (const auto& file : *files) {
    if (file == current()) continue;
    EXPECT_NE(read(file).rfind(R"("event":"checkpoint")"), std::string::npos);
    EXPECT_TRUE(read_line_head(split(read(file)).back())->checkpoint);
    const auto first = read_line_head(split(read(file)).front())->seq;
    EXPECT_NE(file.string().find(std::to_string(first) + ".jsonl"), std::string::npos);
  }
  EXPECT_EQ(verdict(kept_.back().seq), "ok");
  ASSERT_TRUE(open(kept_.back()));
  EXPECT_EQ(log_->position().seq, kept_.back().seq);
}

TEST_F(LogTest, RotationDoesNotWaitForAPauseInTheAppends) {
  options_.rotate_bytes = 2000;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!std::filesystem::exists(options_.folder / "audit-000000000001.jsonl")) {
    ASSERT_TRUE(append(fetch()));
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  close();
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(LogTest, AFileThatIsTooLargeAtTheStartIsRotatedThen) {
  make_log(5);
  options_.rotate_bytes = 100;
  options_.checkpoint_every = std::chrono::milliseconds(1);
  ASSERT_TRUE(open(kept_.back()));
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!std::filesystem::exists(options_.folder / "audit-000000000001.jsonl")) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::yield();
  }
  ASSERT_TRUE(append(fetch(), Durability::kSynced));
  EXPECT_GE(log_->position().seq, 7u);  // a checkpoint may have come before
  close();
  EXPECT_EQ(verdict(kept_.back().seq), "ok");
}

TEST_F(LogTest, ACrashInTheMiddleOfARotationIsGoneOnFrom) {
  make_log(2);
  std::filesystem::rename(current(), options_.folder / "audit-000000000001.jsonl");
  write(options_.folder / "current.jsonl.new", "");
  ASSERT_TRUE(open(kept_.back()));
  ASSERT_TRUE(append(fetch()));
  EXPECT_EQ(log_->position().seq, 4u);
  close();
  EXPECT_EQ(verdict(), "ok");
  EXPECT_FALSE(std::filesystem::exists(options_.folder / "current.jsonl.new"));
}

TEST_F(LogTest, TwoLogsNeverShareAFolder) {
  ASSERT_TRUE(open());
  const auto second = Log::open(options_, base::Secret(std::string_view(seed_)), clock_, {}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(LogTest, CallersMayNotWriteCheckpointsOrLineBreaks) {
  ASSERT_TRUE(open());
  EXPECT_EQ(append({.event = "checkpoint"}).error().code, Code::kInvalid);
  EXPECT_EQ(append({.event = "a", .groups_json = "[\n]"}).error().code, Code::kInvalid);
  EXPECT_EQ(append({.event = "a", .keys_json = "[\n]"}).error().code, Code::kInvalid);
  EXPECT_EQ(log_->position().seq, 0u);
}

TEST_F(LogTest, ALineThatIsTooLongRefusesItsWholeBatch) {
  ASSERT_TRUE(open());
  const std::string keys = "[\"" + std::string(kLineBytesMax, 'k') + "\"]";
  const Event batch[] = {fetch("a"), {.event = "fetch", .keys_json = keys}};
  EXPECT_EQ(log_->append(batch, Durability::kWritten).error().code, Code::kTooLarge);
  EXPECT_EQ(read(current()), "");
  const std::string fits = "[\"" + std::string(kLineBytesMax - 500, 'k') + "\"]";
  ASSERT_TRUE(append({.event = "fetch", .keys_json = fits}));
  close();
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(LogTest, AFolderWhoseParentIsMissingOrThatIsAFileIsRefused) {
  options_.folder = root_ / "no" / "audit";
  EXPECT_EQ(open().error().code, Code::kNotFound);
  write(root_ / "file", "");
  options_.folder = root_ / "file";
  EXPECT_EQ(open().error().code, Code::kInvalid);
}

TEST_F(LogTest, ALinkInThePlaceOfTheLogIsRefused) {
  make_log(1);
  std::filesystem::rename(current(), root_ / "elsewhere");
  std::filesystem::create_symlink(root_ / "elsewhere", current());
  EXPECT_EQ(open().error().code, Code::kInvalid);
}

void append_many(Log& log, const Event& event, Durability durability, int times) {
  const Event batch[] = {event, event};
  for (int i = 0; i < times / 2; ++i) ASSERT_TRUE(log.append(batch, durability));
}

TEST_F(LogTest, FourThreadsMakeOneChainWithoutAGap) {
  options_.checkpoint_every = std::chrono::milliseconds(1);
  options_.rotate_bytes = 100'000;
  ASSERT_TRUE(open());
  const Event event = fetch();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { append_many(*log_, event, Durability::kWritten, 1000); });
    }
  }
  close();
  const auto verified = verify(kept_.back().seq);
  ASSERT_TRUE(verified) << verified.error().message;
  EXPECT_EQ(verified->last_seq, 4000 + verified->checkpoints);
  EXPECT_EQ(verified->lines, verified->last_seq);
}

TEST_F(LogTest, SyncedAppendsOfSeveralThreadsShareTheirSyncs) {
  ASSERT_TRUE(open());
  const Event event = fetch();
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] { append_many(*log_, event, Durability::kSynced, 20); });
    }
  }
  close();
  EXPECT_EQ(verify()->last_seq, 81u);
}

}  // namespace
}  // namespace sutler::audit
