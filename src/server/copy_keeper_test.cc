#include "server/copy_keeper.h"

#include <gtest/gtest.h>

#include <thread>

#include "store/sqlite/sqlite_backend.h"
#include "store/test_support.h"

namespace sutler::server {
namespace {

using base::test::must;
using store::test::Fixture;
using store::test::group;
using store::test::put;

std::uint64_t revision_of(const std::filesystem::path& file) {
  return must(must(store::open_sqlite(file, store::SqliteOpen::kExisting))->revision());
}

class CopyKeeping : public testing::Test {
 protected:
  CopyKeeping() {
    keeper = std::make_unique<CopyKeeper>(*fixture.store, store::CopyPlace{file, "db"},
                                          [] { return std::string(); });
    while (keeper->revision() == 0) std::this_thread::yield();
  }
  store::test::Folder folder;
  const std::filesystem::path file = folder / "copy.db";
  Fixture fixture;
  std::unique_ptr<CopyKeeper> keeper;
};

TEST_F(CopyKeeping, TheEndWritesWhatHasComeSinceTheLastOne) {
  must(put(*fixture.store, group("g")));
  keeper->finish(std::chrono::seconds(60));
  EXPECT_EQ(keeper->revision(), 2U);
  EXPECT_EQ(revision_of(file), 2U);
}

TEST_F(CopyKeeping, TheEndWritesNothingWhereNothingHasCome) {
  const auto before = std::filesystem::last_write_time(file);
  keeper->finish(std::chrono::seconds(60));
  EXPECT_EQ(std::filesystem::last_write_time(file), before);
}

TEST_F(CopyKeeping, WhereTheDatabaseIsAwayTheLastCopyStays) {
  must(put(*fixture.store, group("g")));
  fixture.meddler->unreachable = true;
  fixture.meddler->fails = [](std::string_view operation) { return operation == "dump"; };
  keeper->finish(std::chrono::seconds(60));
  EXPECT_EQ(revision_of(file), 1U);
}

TEST_F(CopyKeeping, TheEndDoesNotTakeLongerThanItMay) {
  must(put(*fixture.store, group("g")));
  keeper->finish(std::chrono::seconds(0));
  EXPECT_EQ(revision_of(file), 1U);
}

}  // namespace
}  // namespace sutler::server
