#include <gtest/gtest.h>

#include <filesystem>

#include "server/options.h"
#include "server/test_support.h"

namespace sutler::server::test {
namespace {

base::Result<Options> load(const TempFolder& folder, RawSettings raw) {
  raw.flags["data_dir"] = {folder.path().string()};
  return load_options(raw);
}

TEST(SharedDatabase, WithoutASettingTheStoreIsAFile) {
  const TempFolder folder;
  const auto options = load(folder, {});
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_FALSE(options->database);
  EXPECT_EQ(options->audit.ship, audit::Options{}.ship);
}

TEST(SharedDatabase, ACopyOfTheAuditIsMadeUnlessItIsTurnedOff) {
  const TempFolder folder;
  RawSettings raw;
  raw.flags["store"] = {"postgresql://sutler@db.example/sutler"};
  auto options = load(folder, raw);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_EQ(options->database->shown(), "postgresql://sutler@db.example/sutler");
  EXPECT_EQ(options->audit.ship, audit::Ship::kToStore);
  raw.flags["audit_copy"] = {"false"};
  options = load(folder, raw);
  ASSERT_TRUE(options) << options.error().message;
  EXPECT_NE(options->audit.ship, audit::Ship::kToStore);
}

TEST(SharedDatabase, APasswordIsRefusedWhereOthersCanReadIt) {
  const TempFolder folder;
  for (const auto* uri : {"postgresql://sutler:s3cret@db/sutler",
                          "postgresql://sutler@db/sutler?sslpassword=s3cret"}) {
    RawSettings raw;
    raw.flags["store"] = {uri};
    const auto refused = load(folder, raw);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, base::Code::kRefused);
    EXPECT_FALSE(refused.error().message.contains("s3cret")) << refused.error().message;
    EXPECT_TRUE(refused.error().hint.contains("passfile")) << refused.error().hint;
    raw.flags.clear();
    raw.environment = {{"SUTLER_STORE", uri}};
    EXPECT_TRUE(load(folder, raw));
  }
  folder.write("sutler.yaml", "store: postgresql://sutler:s3cret@db/sutler\n");
  RawSettings raw;
  raw.config = folder.path() / "sutler.yaml";
  std::filesystem::permissions(*raw.config, std::filesystem::perms(0600));
  EXPECT_TRUE(load(folder, raw));
  std::filesystem::permissions(*raw.config, std::filesystem::perms(0644));
  const auto refused = load(folder, raw);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, base::Code::kRefused);
  EXPECT_FALSE(refused.error().message.contains("s3cret")) << refused.error().message;
}

TEST(SharedDatabase, WhatIsNoUriIsNotRepeated) {
  const TempFolder folder;
  RawSettings raw;
  raw.flags["store"] = {"s3cret"};
  const auto refused = load(folder, raw);
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().message.contains("s3cret")) << refused.error().message;
}

}  // namespace
}  // namespace sutler::server::test
