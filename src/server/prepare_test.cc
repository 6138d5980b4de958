#include "server/prepare.h"

#include <gtest/gtest.h>

#include "server/test_support.h"

namespace sutler::server::test {
namespace {

TEST(Prepare, ALogWithoutItsStoreIsRefusedAndNothingIsMade) {
  for (const std::string file : {"audit/current.jsonl", "audit/audit-00000000000000000001.jsonl"}) {
    const TempFolder folder;
    folder.write(file, "{}\n");
    auto dir = DataDir::open(folder.path());
    ASSERT_TRUE(dir) << dir.error().message;
    const auto made = create_store(*dir, {});
    ASSERT_FALSE(made) << file;
    EXPECT_TRUE(made.error().message.contains("there is an audit log, but no sutler.db"))
        << made.error().message;
    EXPECT_FALSE(made.error().hint.empty());
    EXPECT_FALSE(std::filesystem::exists(dir->database()));
    EXPECT_FALSE(std::filesystem::exists(dir->master_key()));
    EXPECT_FALSE(std::filesystem::exists(dir->owner_token()));
  }
}

TEST(Prepare, AnEmptyAuditFolderIsNoLog) {
  const TempFolder folder;
  folder.write("audit/reserve", "");
  auto dir = DataDir::open(folder.path());
  ASSERT_TRUE(dir) << dir.error().message;
  const auto made = create_store(*dir, {});
  EXPECT_TRUE(made) << made.error().message;
  const auto holding = look_for_store(*dir, {});
  ASSERT_TRUE(holding) << holding.error().message;
  EXPECT_EQ(*holding, Holding::kStore);
}

}  // namespace
}  // namespace sutler::server::test
