#include "store/backup.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <future>
#include <iterator>

#include "store/backups.h"
#include "store/sealer.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::master_keys;
using test::must;

const base::UnixTime kNow = base::UnixTime::from_seconds(1'800'000'000);

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// A store with history, a deletion, a team and telemetry, and a backup of it.
struct BackedUp {
  BackedUp() {
    for (const char* value : {"1", "2", "canary-value"}) {
      must(test::put(*fixture.store, test::group("a", {{"A", value}})));
    }
    must(test::put(*fixture.store, test::group("gone", {{"G", "1"}})));
    must(fixture.store->commit(test::changes(DeleteGroup{"default", "gone"}), test::kSomebody));
    must(fixture.store->backend().put_telemetry({{"registry/w/x", "1"}, {"node/x", "2"}}));
    written = must(write_backup(*fixture.store, {folder / "backups", kNow, "1.2", 7, "abc"}));
  }
  void rewrite(const std::string& bytes) const {
    std::ofstream(written.file, std::ios::binary | std::ios::trunc) << bytes;
  }
  test::Folder folder;
  test::Fixture fixture;
  WrittenBackup written;
};

TEST(Backup, IsOnePrivateFileWhoseMetadataNeedsNoKey) {
  const BackedUp one;
  EXPECT_EQ(one.written.file.filename(), "sutler-20270115T080000Z-r6.backup");
  struct stat info{};
  ASSERT_EQ(::stat(one.written.file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
  EXPECT_EQ(static_cast<std::uint64_t>(info.st_size), one.written.bytes);
  const auto reader = must(BackupReader::open(one.written.file));
  EXPECT_EQ(reader.info().store_id, one.fixture.store->id());
  EXPECT_EQ(reader.info().revision, 6U);
  EXPECT_EQ(reader.info().created, kNow);
  EXPECT_EQ(reader.info().audit_seq, 7U);
  ASSERT_EQ(reader.info().keys.size(), 1U);
  EXPECT_EQ(reader.info().keys[0].key_id, master_keys()->primary_id());
  EXPECT_EQ(read(one.written.file).find("canary"), std::string::npos);
}

TEST(Backup, VerifiesWithTheKeyAndOnlyItsStructureWithout) {
  const BackedUp one;
  const auto report = must(verify_backup(one.written.file, master_keys()));
  EXPECT_TRUE(report.opened);
  EXPECT_EQ(report.counts.current, 5U);  // head, seed, team, a, gone
  EXPECT_EQ(report.counts.history, 3U);  // a 2, gone 1
  EXPECT_EQ(report.counts.telemetry, 2U);
  EXPECT_FALSE(must(verify_backup(one.written.file, nullptr)).opened);
  const auto wrong = verify_backup(one.written.file, master_keys("x"));
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Code::kRefused);
  EXPECT_NE(wrong.error().message.find(master_keys()->primary_id()), std::string::npos);
}

TEST(Backup, EveryTruncationAndEveryChangedByteIsNoticed) {
  const BackedUp one;
  const std::string whole = read(one.written.file);
  for (std::size_t bytes = 0; bytes < whole.size(); bytes += 1 + bytes / 50) {
    one.rewrite(whole.substr(0, bytes));
    EXPECT_FALSE(verify_backup(one.written.file, nullptr)) << bytes;
  }
  for (std::size_t at = 0; at < whole.size(); at += 3) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x04);
    one.rewrite(changed);
    EXPECT_FALSE(verify_backup(one.written.file, master_keys())) << at;
  }
  one.rewrite(whole + "x");
  EXPECT_FALSE(verify_backup(one.written.file, nullptr));
  one.rewrite(whole);
  EXPECT_TRUE(verify_backup(one.written.file, master_keys()));
}

TEST(Backup, AnEditWithANewHashIsNoticedByWhoHasTheKey) {
  const BackedUp one;
  std::string whole = read(one.written.file);
  const auto at = whole.find("\"revision\":6");
  ASSERT_NE(at, std::string::npos);
  whole.replace(at, 12, "\"revision\":7");
  const std::string body = whole.substr(0, whole.size() - 64);
  const auto hash = crypto::sha256(body);
  one.rewrite(body + std::string(reinterpret_cast<const char*>(hash.data()), hash.size()) +
              whole.substr(whole.size() - 32));
  EXPECT_TRUE(verify_backup(one.written.file, nullptr));
  EXPECT_EQ(verify_backup(one.written.file, master_keys()).error().code, Code::kCorrupt);
}

TEST(Backup, IsNoBackupWhenItIsSomethingElse) {
  const test::Folder folder;
  std::ofstream(folder / "x") << "not a backup at all, but long enough to be one of them";
  EXPECT_EQ(verify_backup(folder / "x", nullptr).error().code, Code::kInvalid);
  EXPECT_EQ(verify_backup(folder / "y", nullptr).error().code, Code::kNotFound);
}

TEST(Backup, OpensAsAStoreInMemory) {
  const BackedUp one;
  const auto store = must(open_backup(one.written.file, master_keys()));
  EXPECT_EQ(test::show(*store->snapshot(), "a"), "A=canary-value");
  EXPECT_EQ(must(store->history("default", "a")).size(), 3U);
}

TEST(Restore, FillsAnEmptyBackendUnderANewEpochAndLeavesWhatTheOldPlaceKnew) {
  const BackedUp one;
  std::shared_ptr<Backend> backend = make_memory_backend();
  must(restore_backup(one.written.file, master_keys(), *backend, kNow));
  const auto store = must(Store::open(std::make_unique<test::Meddler>(backend), master_keys()));
  EXPECT_EQ(store->id(), one.fixture.store->id());
  EXPECT_EQ(store->snapshot()->revision, 6U);
  EXPECT_EQ(store->snapshot()->epoch, 1'800'000'000U);
  EXPECT_EQ(test::show(*store->snapshot(), "a"), "A=canary-value");
  EXPECT_EQ(must(store->history("default", "gone")).size(), 2U);
  EXPECT_TRUE(must(store->audit_seed()).equals(must(one.fixture.store->audit_seed())));
  EXPECT_EQ(must(backend->telemetry("registry/")).size(), 1U);
  EXPECT_EQ(must(backend->telemetry("node/")).size(), 0U);
  EXPECT_TRUE(test::put(*store, test::group("b")));
  EXPECT_EQ(restore_backup(one.written.file, master_keys(), *backend, kNow).error().code,
            Code::kConflict);
}

TEST(Restore, ADamagedBackupLeavesTheBackendEmpty) {
  const BackedUp one;
  const std::string whole = read(one.written.file);
  one.rewrite(whole.substr(0, whole.size() - 10));
  const auto backend = make_memory_backend();
  EXPECT_FALSE(restore_backup(one.written.file, master_keys(), *backend, kNow));
  EXPECT_EQ(must(backend->revision()), 0U);
}

TEST(Backups, MakesThemWhenTheyAreDueOrAskedForAndKeepsTheNewest) {
  test::Fixture fixture;
  const test::Folder folder;
  base::ManualClock clock(kNow);
  int due = 0;
  Backups backups(*fixture.store, clock, {.folder = folder / "b", .keep = 2},
                  [&](Backups::Why why, const auto&) { due += why == Backups::Why::kDue ? 1 : 0; });
  EXPECT_FALSE(backups.last_good());
  for (int i = 1; i <= 4; ++i) {
    clock.set(kNow + std::chrono::seconds(i));
    auto made = backups.make(std::chrono::seconds(60));
    ASSERT_TRUE(made && *made) << i;
  }
  const auto listed = backups.list();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].info.created, kNow + std::chrono::seconds(4));
  EXPECT_EQ(*backups.last_good(), kNow + std::chrono::seconds(4));
  EXPECT_EQ(due, 0);
  EXPECT_EQ(backups.last_error(), "");
}

TEST(Backups, AFailureLeavesTheOldOnesAndIsTold) {
  test::Fixture fixture;
  const test::Folder folder;
  base::ManualClock clock(kNow);
  Backups backups(*fixture.store, clock, {.folder = folder / "b"}, {});
  ASSERT_TRUE(*backups.make(std::chrono::seconds(60)));
  std::ofstream(folder / "b/sutler-damaged.backup") << "nothing";
  fixture.meddler->fails = [](std::string_view operation) { return operation == "dump"; };
  clock.set(kNow + std::chrono::seconds(1));
  EXPECT_FALSE(*backups.make(std::chrono::seconds(60)));
  EXPECT_NE(backups.last_error().find("made to fail"), std::string::npos);
  const auto listed = backups.list();
  ASSERT_EQ(listed.size(), 2U);
  EXPECT_EQ(listed[0].error, "");
  EXPECT_NE(listed[1].error, "");
  EXPECT_EQ(*backups.last_good(), kNow);
}

// Two nodes with folders of their own, and clocks that only the test moves.
TEST(Backups, OfTwoNodesOneMakesAScheduledOneAndTheOtherKnowsOfIt) {
  test::Fixture fixture;
  const test::Folder folder;
  base::ManualClock clock(kNow);
  const Notes notes(fixture.store->backend(), must(fixture.store->audit_seed()));
  Leases leases_a(fixture.store->backend(), "a"), leases_b(fixture.store->backend(), "b");
  std::atomic<int> made = 0;
  const auto count = [&](Backups::Why, const auto& result) { made += result ? 1 : 0; };
  const auto options = [&](const char* name, Leases& leases) {
    return Backups::Options{.folder = folder / name,
                            .every = std::chrono::hours(24),
                            .leases = &leases,
                            .notes = &notes};
  };
  Backups a(*fixture.store, clock, options("a", leases_a), count);
  Backups b(*fixture.store, clock, options("b", leases_b), count);
  std::promise<void> never;
  const auto wait_until = [&, nothing = never.get_future()](const auto& done) {
    for (int i = 0; i < 6000 && !done(); ++i) (void)nothing.wait_for(std::chrono::milliseconds(5));
    return done();
  };
  ASSERT_TRUE(wait_until([&] { return made == 1; }));
  clock.set(kNow + std::chrono::seconds(31));  // the one that did not make it asks again
  EXPECT_TRUE(wait_until([&] { return a.last_good() == kNow && b.last_good() == kNow; }));
  EXPECT_EQ(made, 1);
  EXPECT_EQ(a.list().size() + b.list().size(), 1U);
}

TEST(Backups, OneStampedInTheFutureDoesNotCountAndCostsNoNewOne) {
  test::Fixture fixture;
  const test::Folder folder;
  const auto later = kNow + std::chrono::hours(24 * 365 * 10);
  const auto ahead = must(write_backup(*fixture.store, {folder / "b", later, "1", 0, "", {}}));
  base::ManualClock clock(kNow);
  Backups backups(*fixture.store, clock, {.folder = folder / "b", .keep = 1}, {});
  EXPECT_FALSE(backups.last_good());
  for (int i = 1; i <= 2; ++i) {
    clock.set(kNow + std::chrono::seconds(i));
    const auto made = backups.make(std::chrono::seconds(60));
    ASSERT_TRUE(made && *made);
    EXPECT_TRUE(std::filesystem::exists((**made).file)) << i;
  }
  EXPECT_TRUE(std::filesystem::exists(ahead.file));
  EXPECT_EQ(backups.list().size(), 2U);
  EXPECT_EQ(*backups.last_good(), kNow + std::chrono::seconds(2));
}

TEST(Backups, TwoStoresThatShareAFolderDoNotTakeEachOthersNameOrFile) {
  test::Fixture one;
  test::Fixture other;
  const test::Folder folder;
  const auto first = must(write_backup(*one.store, {folder / "b", kNow, "1", 0, "", {}}));
  const auto second = must(write_backup(*other.store, {folder / "b", kNow, "1", 0, "", {}}));
  EXPECT_NE(first.file, second.file);
  EXPECT_EQ(must(BackupReader::open(first.file)).info().store_id, one.store->id());
  EXPECT_EQ(must(BackupReader::open(second.file)).info().store_id, other.store->id());
  const auto again = must(write_backup(*one.store, {folder / "b", kNow, "1", 0, "", {}}));
  EXPECT_EQ(again.file, first.file);
}

TEST(Backups, AServerThatStartsLeavesWhatAnotherIsWriting) {
  test::Fixture fixture;
  test::Fixture other;
  const test::Folder folder;
  const base::ManualClock clock(kNow);
  std::filesystem::create_directory(folder / "b");
  std::ofstream(folder / "b/.sutler-backup.dead00.part") << "left";
  bool started = false;
  fixture.meddler->fails = [&](std::string_view operation) {
    if (operation == "dump") {
      const Backups starting(*other.store, clock, {.folder = folder / "b"}, {});
      started = true;
    }
    return false;
  };
  const auto written = must(write_backup(*fixture.store, {folder / "b", kNow, "1", 0, "", {}}));
  EXPECT_TRUE(started);
  EXPECT_TRUE(verify_backup(written.file, master_keys()));
  EXPECT_FALSE(std::filesystem::exists(folder / "b/.sutler-backup.dead00.part"));
}

TEST(Backups, APipeOrALinkInTheFolderIsListedAsWhatItIsAndHoldsNobodyUp) {
  test::Fixture fixture;
  const test::Folder folder;
  const base::ManualClock clock(kNow);
  const auto good = must(write_backup(*fixture.store, {folder / "b", kNow, "1", 0, "", {}}));
  ASSERT_EQ(::mkfifo((folder / "b/sutler-pipe.backup").c_str(), 0600), 0);
  std::filesystem::create_symlink(good.file, folder / "b/sutler-link.backup");
  Backups backups(*fixture.store, clock, {.folder = folder / "b", .keep = 1}, {});
  ASSERT_TRUE(*backups.make(std::chrono::seconds(60)));
  const auto listed = backups.list();
  ASSERT_EQ(listed.size(), 3U);
  EXPECT_EQ(listed[0].error, "");
  EXPECT_NE(listed[1].error, "");
  EXPECT_NE(listed[2].error, "");
}

TEST(Backup, ThatIsGivenUpLeavesNothing) {
  test::Fixture fixture;
  const test::Folder folder;
  const auto given_up =
      write_backup(*fixture.store, {folder / "b", kNow, "1", 0, "", [] { return true; }});
  EXPECT_EQ(given_up.error().code, Code::kUnavailable);
  EXPECT_TRUE(std::filesystem::is_empty(folder / "b"));
}

}  // namespace
}  // namespace sutler::store
