// What the log does when the disk, or somebody, works against it.
#include <sys/mount.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <thread>

#include "audit/line.h"
#include "audit/log.h"
#include "audit/log_test_support.h"

namespace sutler::audit {
namespace {

namespace fs = std::filesystem;
using base::Code;

// The next calls fail as often as told.
class FaultyCalls final : public FileCalls {
 public:
  ssize_t write(int fd, const void* bytes, std::size_t count) const override {
    ++writes;
    if (take(short_writes)) return FileCalls::write(fd, bytes, count / 2);
    if (!take(failing_writes)) return FileCalls::write(fd, bytes, count);
    errno = write_error;
    return -1;
  }
  int ftruncate(int fd, off_t size) const override {
    if (!take(failing_truncates)) return FileCalls::ftruncate(fd, size);
    errno = EIO;
    return -1;
  }
  int fdatasync(int fd) const override {
    ++syncs;
    if (!take(failing_syncs)) return FileCalls::fdatasync(fd);
    errno = EIO;
    return -1;
  }

  mutable std::atomic<int> writes = 0, syncs = 0;
  mutable std::atomic<int> short_writes = 0, failing_writes = 0, failing_truncates = 0,
                           failing_syncs = 0;
  int write_error = EIO;

 private:
  static bool take(std::atomic<int>& left) {
    int have = left;
    while (have > 0 && !left.compare_exchange_weak(have, have - 1)) continue;
    return have > 0;
  }
};

class LogFaultTest : public testing::LogTest {
 protected:
  LogFaultTest() { options_.calls = &calls_; }
  ~LogFaultTest() override {
    close();
    if (mounted_) ::umount2((root_ / "disk").c_str(), MNT_DETACH);
  }

  // A disk of that size under options_.folder; false without the right to mount one.
  bool mount_disk(const std::string& size) {
    fs::create_directory(root_ / "disk");
    const std::string data = "size=" + size;
    mounted_ = ::mount("tmpfs", (root_ / "disk").c_str(), "tmpfs", 0, data.c_str()) == 0;
    options_.folder = root_ / "disk" / "audit";
    return mounted_;
  }
  // Leaves no room at all.
  void fill_disk() const {
    const auto file = root_ / "disk" / "filler";
    std::ofstream out(file, std::ios::binary | std::ios::app);
    const std::string block(4096, 'x');
    while (out.write(block.data(), 4096).flush()) continue;
  }
  void empty_disk() const { fs::remove(root_ / "disk" / "filler"); }
  [[nodiscard]] std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    const auto files = log_files(options_.folder);
    if (!files) return 0;
    for (const auto& file : *files) {
      for (const std::string& line : split(read(file))) {
        found += line.find(text) != std::string::npos ? 1 : 0;
      }
    }
    return found;
  }
  // Appends until it works: repair is tried at most ten times a second.
  void append_when_repaired() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!append(fetch("after"))) ASSERT_LT(std::chrono::steady_clock::now(), end);
  }

  FaultyCalls calls_;
  bool mounted_ = false;
};

TEST_F(LogFaultTest, ABatchIsOneWrite) {
  ASSERT_TRUE(open());
  const std::vector<Event> batch(100, fetch());
  ASSERT_TRUE(log_->append(batch, Durability::kWritten));
  EXPECT_EQ(calls_.writes, 1);
  EXPECT_EQ(calls_.syncs, 0);
  ASSERT_TRUE(log_->append(batch, Durability::kSynced));
  EXPECT_EQ(calls_.writes, 2);
  EXPECT_EQ(calls_.syncs, 1);
}

TEST_F(LogFaultTest, WithSyncAlwaysEveryAppendIsSynced) {
  options_.sync = Sync::kAlways;
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch()));
  ASSERT_TRUE(append(fetch()));
  EXPECT_EQ(calls_.syncs, 2);
}

TEST_F(LogFaultTest, AFailedWriteLeavesNothingBehindAndTheNextOneWorks) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("a")));
  const std::string before = read(current());
  calls_.failing_writes = 1;
  EXPECT_EQ(append(fetch("b")).error().code, Code::kInternal);
  calls_.short_writes = 1;
  calls_.failing_writes = 1;  // the rest of the short one
  EXPECT_FALSE(append(fetch("c")));
  EXPECT_EQ(read(current()), before);
  EXPECT_EQ(log_->position().seq, 1u);
  ASSERT_TRUE(append(fetch("d")));
  close();
  EXPECT_EQ(verify()->lines, 3u);
}

TEST_F(LogFaultTest, AShortWriteThatCanBeFinishedIsFinished) {
  ASSERT_TRUE(open());
  calls_.short_writes = 3;
  ASSERT_TRUE(append(fetch()));
  close();
  EXPECT_EQ(verify()->lines, 2u);
}

TEST_F(LogFaultTest, WhenTheRestOfAWriteCannotBeCutOffAllAppendsFailUntilItCan) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("a")));
  calls_.short_writes = 1;
  calls_.failing_writes = 1;
  calls_.failing_truncates = 2;
  EXPECT_FALSE(append(fetch("b")));
  EXPECT_FALSE(append(fetch("c")));  // the repair fails too
  EXPECT_FALSE(append(fetch("d")));  // and is not tried at every append
  append_when_repaired();
  close();
  EXPECT_EQ(verify()->lines, 3u);
  EXPECT_EQ(count(R"("request_id":"b")"), 0u);
}

TEST_F(LogFaultTest, AfterAFailedSyncNothingIsTrustedUntilTheEndWasReadAgain) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("a")));
  calls_.failing_syncs = 2;
  EXPECT_FALSE(append(fetch("b"), Durability::kSynced));
  EXPECT_FALSE(append(fetch("c")));  // the repair syncs too, and fails
  append_when_repaired();
  close();
  EXPECT_EQ(verdict(), "ok");
  EXPECT_EQ(count(R"("request_id":"c")"), 0u);
  EXPECT_EQ(count(R"("event":"audit.recovered")"), 0u);
}

TEST_F(LogFaultTest, LinesLostByAFailedSyncAreNotedAndTheChainGoesOnInANewFile) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("a"), Durability::kSynced));
  ASSERT_TRUE(append(fetch("b")));
  calls_.failing_syncs = 1;
  EXPECT_FALSE(append(fetch("c"), Durability::kSynced));
  // What a disk may do whose sync has failed: the block reads as zeros.
  std::string content = read(current());
  const std::size_t b = content.find('\n') + 1;
  content.replace(b + 10, 50, 50, '\0');
  {
    std::fstream file(current(), std::ios::binary | std::ios::in | std::ios::out);
    file << content;
  }
  ASSERT_TRUE(append(fetch("d")));
  close();
  EXPECT_EQ(count(R"("event":"audit.recovered","outcome":"failed","reason":"file_lost")"), 1u);
  EXPECT_NE(verdict().find("audit-000000000001.jsonl:2: "), std::string::npos) << verdict();
  EXPECT_EQ(read_line_head(lines()[0])->seq, 4u);
}

TEST_F(LogFaultTest, AFailedSyncInTheBackgroundKeepsTheCheckpointUntilItIsOnTheDisk) {
  options_.checkpoint_every = std::chrono::milliseconds(5);
  ASSERT_TRUE(open());
  calls_.failing_syncs = 2;
  ASSERT_TRUE(append(fetch()));
  wait_for_checkpoint(2);
  EXPECT_GE(calls_.syncs, 3);
  close();
  EXPECT_EQ(verdict(2), "ok");
}

TEST_F(LogFaultTest, ARemovedFileIsNoticedBeforeTheNextRecordAndANewOneGoesOn) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch()));
  fs::remove(current());
  EXPECT_EQ(append(fetch("lost")).error().code, Code::kInternal);
  ASSERT_TRUE(append(fetch("kept")));
  close();
  const auto all = lines();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(read_line_head(all[0])->seq, 2u);
  EXPECT_NE(all[0].find("audit.recovered"), std::string::npos);
  EXPECT_NE(all[1].find("kept"), std::string::npos);
  EXPECT_TRUE(verify_files({current()}, key(), 0, 2));
}

TEST_F(LogFaultTest, AFileMovedAwayIsNoticedByTheBackgroundThread) {
  options_.checkpoint_every = std::chrono::milliseconds(5);
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch()));
  wait_for_checkpoint(2);
  fs::rename(current(), root_ / "moved.jsonl");
  write(current(), "not ours\n");
  (void)append(fetch());
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (read(current()).find("audit.recovered") == std::string::npos) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
    std::this_thread::yield();
  }
  close();
  EXPECT_EQ(read(options_.folder / "aside-1.jsonl"), "not ours\n");
  // With the file that was moved away the chain is whole again.
  EXPECT_TRUE(verify_files({root_ / "moved.jsonl", current()}, key(), 0));
}

TEST_F(LogFaultTest, AFileCutOrWrittenBySomebodyElseIsNoticed) {
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("a")));
  std::ofstream(current(), std::ios::app) << "{\"seq\":2}\n";
  EXPECT_FALSE(append(fetch("b")));
  ASSERT_TRUE(append(fetch("c")));  // what was foreign is cut off
  EXPECT_EQ(lines().size(), 2u);
  fs::resize_file(current(), 10);
  EXPECT_FALSE(append(fetch("d")));
  ASSERT_TRUE(append(fetch("e")));
  close();
  EXPECT_EQ(read(options_.folder / "audit-000000000001.jsonl").size(), 10u);
  EXPECT_EQ(read_line_head(lines()[0])->seq, 3u);
}

TEST_F(LogFaultTest, AFolderThatCannotBeWrittenIsSaidSo) {
  if (!mount_disk("1m")) GTEST_SKIP() << "NOT TESTED: no right to mount a disk (run as root)";
  make_log(1);
  ASSERT_EQ(::mount(nullptr, (root_ / "disk").c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr),
            0);
  EXPECT_FALSE(open());
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(LogFaultTest, AFullDiskWithoutAReserveRefusesAndCountsAndGoesOn) {
  calls_.write_error = ENOSPC;
  ASSERT_TRUE(open());
  calls_.failing_writes = 2;
  EXPECT_EQ(append(fetch()).error().code, Code::kNoSpace);
  EXPECT_EQ(append(denial()).error().code, Code::kNoSpace);
  ASSERT_TRUE(append(fetch()));
  close();
  EXPECT_NE(lines()[0].find(R"("event":"audit.dropped")"), std::string::npos);
  EXPECT_NE(lines()[0].find(R"("count":1,)"), std::string::npos);
  EXPECT_EQ(verdict(), "ok");
}

TEST_F(LogFaultTest, OnAFullDiskGrantsUseTheReserveAndTheOthersAreCounted) {
  if (!mount_disk("16m")) GTEST_SKIP() << "NOT TESTED: no right to mount a disk (run as root)";
  options_.reserve_bytes = 2 * 1024 * 1024;
  options_.checkpoint_every = std::chrono::milliseconds(5);
  ASSERT_TRUE(open());
  EXPECT_TRUE(log_->reserve_intact());
  EXPECT_EQ(fs::file_size(options_.folder / "reserve"), options_.reserve_bytes);
  fill_disk();
  const std::vector<Event> batch = {fetch("grant"), denial(), denial()};
  int written = 0;
  while (log_->reserve_intact()) {  // the last block of the file has room for some lines still
    ASSERT_TRUE(log_->append(batch, Durability::kWritten));
    ++written;
  }
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(log_->append(batch, Durability::kWritten));
  EXPECT_EQ(append(denial()).error().code, Code::kNoSpace);
  EXPECT_EQ(log_->append(batch, Durability::kSynced).error().code, Code::kNoSpace);
  EXPECT_EQ(append(fetch(), Durability::kSynced).has_value(), true);
  EXPECT_LT(fs::file_size(options_.folder / "reserve"), options_.reserve_bytes);
  empty_disk();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!log_->reserve_intact() || !append(denial())) {
    ASSERT_LT(std::chrono::steady_clock::now(), end);
  }
  close();
  EXPECT_EQ(verdict(kept_.back().seq), "ok");
  EXPECT_EQ(count(R"("request_id":"grant")"), static_cast<std::size_t>(written) + 10);
  EXPECT_EQ(count(R"("event":"audit.dropped")"), 1u);
}

TEST_F(LogFaultTest, WhenTheReserveIsUsedUpGrantsAreRefusedAndNothingIsHalfWritten) {
  if (!mount_disk("1m")) GTEST_SKIP() << "NOT TESTED: no right to mount a disk (run as root)";
  options_.reserve_bytes = 64 * 1024;
  ASSERT_TRUE(open());
  fill_disk();
  const std::vector<Event> batch(20, fetch());
  int batches = 0;
  base::Result<void> appended;
  while ((appended = log_->append(batch, Durability::kWritten))) ++batches;
  EXPECT_EQ(appended.error().code, Code::kNoSpace);
  EXPECT_GT(batches, 8);  // 64 KiB of reserve
  const auto position = log_->position();
  EXPECT_EQ(position.seq, static_cast<std::uint64_t>(batches) * 20);
  EXPECT_EQ(verify()->last_seq, position.seq);
  empty_disk();
  ASSERT_TRUE(log_->append(batch, Durability::kSynced));
  close();
  EXPECT_EQ(verdict(kept_.back().seq), "ok");
}

TEST_F(LogFaultTest, AReserveThatCannotBeMadeIsNoReasonNotToStart) {
  options_.reserve_bytes = 4096;
  fs::create_directories(options_.folder / "reserve" / "in the way");
  ASSERT_TRUE(open());
  EXPECT_FALSE(log_->reserve_intact());
  EXPECT_TRUE(append(fetch()));
  EXPECT_TRUE(append(denial()));
}

TEST_F(LogFaultTest, ASmallDiskHasASmallReserveAndRecoversWithoutARestart) {
  if (!mount_disk("1m")) GTEST_SKIP() << "NOT TESTED: no right to mount a disk (run as root)";
  options_.reserve_bytes = 64 * 1024 * 1024;
  options_.checkpoint_every = std::chrono::milliseconds(5);
  ASSERT_TRUE(open());
  EXPECT_TRUE(log_->reserve_intact());
  EXPECT_EQ(fs::file_size(options_.folder / "reserve"), 128 * 1024U);
  fill_disk();
  while (append(denial())) {
  }
  EXPECT_TRUE(append(fetch()));
  empty_disk();
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!append(denial())) ASSERT_LT(std::chrono::steady_clock::now(), end);
}

TEST_F(LogFaultTest, AFolderThatWasRemovedIsMadeAgainAndTheLossIsTold) {
  options_.reserve_bytes = 64 * 1024;
  options_.checkpoint_every = std::chrono::milliseconds(5);
  ASSERT_TRUE(open());
  ASSERT_TRUE(log_->append(std::vector<Event>(3, fetch()), Durability::kSynced));
  fs::remove_all(options_.folder);
  append_when_repaired();
  EXPECT_EQ(count("file_lost"), 1U);
  const auto second = Log::open(options_, base::Secret(std::string_view(seed_)), clock_, {}, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::kConflict) << "the new one is ours too";
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!fs::exists(options_.folder / "reserve") || !log_->reserve_intact()) {
    ASSERT_LT(std::chrono::steady_clock::now(), end) << "the reserve is made again";
  }
}

TEST_F(LogFaultTest, AReserveThatIsNoLongerWantedIsRemoved) {
  options_.reserve_bytes = 4096;
  make_log(1);
  EXPECT_TRUE(fs::exists(options_.folder / "reserve"));
  options_.reserve_bytes = 0;
  ASSERT_TRUE(open());
  EXPECT_FALSE(fs::exists(options_.folder / "reserve"));
  EXPECT_TRUE(log_->reserve_intact());
}

}  // namespace
}  // namespace sutler::audit
