#include "server/settings.h"

#include <gtest/gtest.h>

#include <set>

#include "server/test_support.h"

namespace sutler::server::test {
namespace {

using Values = std::vector<std::string>;

MergedSettings merged(const Given& given) {
  auto got = merge_settings(given.raw());
  EXPECT_TRUE(got) << got.error().message;
  return got ? std::move(*got) : MergedSettings();
}

base::Error refused(const Given& given) {
  auto got = merge_settings(given.raw());
  EXPECT_FALSE(got);
  return got ? base::Error() : got.error();
}

TEST(Settings, HaveOneNameInThreeSpellings) {
  std::set<std::string_view> keys;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(flag_name(setting).starts_with("--"));
    EXPECT_FALSE(flag_name(setting).contains('_'));
    EXPECT_TRUE(environment_name(setting).starts_with("SUTLER_"));
    EXPECT_FALSE(setting.help.empty());
    EXPECT_EQ(setting.placeholder.empty(), setting.kind == SettingKind::kSwitch) << setting.key;
  }
  const Setting setting{"tls_cert", SettingKind::kValue, "FILE", "a file"};
  EXPECT_EQ(flag_name(setting), "--tls-cert");
  EXPECT_EQ(environment_name(setting), "SUTLER_TLS_CERT");
}

TEST(Settings, FlagsWinOverTheEnvironmentAndThatOverTheFile) {
  Given given;
  given.config("threads: 1\nlisten: a\nlog_level: info\n");
  EXPECT_EQ(merged(given).values.at("threads"), Values{"1"});
  EXPECT_EQ(merged(given).origins.at("threads"), given.config_path() + ":1");
  given.env("SUTLER_THREADS", "2").env("SUTLER_LISTEN", "b");
  EXPECT_EQ(merged(given).values.at("threads"), Values{"2"});
  EXPECT_EQ(merged(given).origins.at("threads"), "SUTLER_THREADS");
  given.flag("threads", "3");
  const auto all = merged(given);
  EXPECT_EQ(all.values.at("threads"), Values{"3"});
  EXPECT_EQ(all.origins.at("threads"), "flag --threads");
  EXPECT_EQ(all.values.at("listen"), Values{"b"});
  EXPECT_EQ(all.values.at("log_level"), Values{"info"});
  EXPECT_EQ(all.config, given.config_path());
}

TEST(Settings, AListReplacesAListOfALowerPlace) {
  Given given;
  given.config("master_key: [file:/a, file:/b]\n");
  EXPECT_EQ(merged(given).values.at("master_key"), (Values{"file:/a", "file:/b"}));
  given.env("SUTLER_MASTER_KEY", "env:C,,env:D");
  EXPECT_EQ(merged(given).values.at("master_key"), (Values{"env:C", "env:D"}));
  given.flag("master_key", "file:/e").flag("master_key", "file:/f");
  EXPECT_EQ(merged(given).values.at("master_key"), (Values{"file:/e", "file:/f"}));
  EXPECT_EQ(merged(Given().config("admin_host: one\n")).values.at("admin_host"), Values{"one"});
}

TEST(Settings, AnUnknownKeyOfTheFileIsAnErrorWithItsLine) {
  Given given;
  given.config("# a comment\nthreads: 1\nlisten_address: x\n");
  const auto error = refused(given);
  EXPECT_EQ(error.code, base::Code::kInvalid);
  EXPECT_EQ(error.message, given.config_path() + ":3: unknown key \"listen_address\"");
  EXPECT_FALSE(error.hint.empty());
  for (const char* other :
       {"tls-cert: x\n", "THREADS: 1\n", "\"\": 1\n", "config: x\n", "secret: x\n"}) {
    EXPECT_TRUE(refused(Given().config(other)).message.contains(":1: unknown key")) << other;
  }
}

TEST(Settings, AFileThatIsNoFlatMapOfSettingsIsAnErrorWithItsPlace) {
  for (const char* wrong :
       {"threads: [1, 2]\n", "threads: {a: 1}\n", "threads: null\n", "threads:\n",
        "threads: 1\nthreads: 2\n", "- threads\n", "threads\n", "threads: [[1]]\n",
        "threads: &a 1\n", "threads: 1\n---\nlisten: a\n", "threads: [\n"}) {
    Given given;
    given.config(wrong);
    const auto error = refused(given);
    EXPECT_EQ(error.code, base::Code::kInvalid) << wrong;
    EXPECT_TRUE(error.message.contains(given.config_path())) << error.message;
  }
}

TEST(Settings, AFileMayHoldNothing) {
  for (const char* nothing : {"{}\n", "# nothing but a comment\n", ""}) {
    EXPECT_TRUE(merge_settings(Given().config(nothing).raw())) << nothing;
  }
}

TEST(Settings, AFileThatOthersMayWriteIsRefused) {
  EXPECT_EQ(refused(Given().config("threads: 1\n", 0666)).code, base::Code::kRefused);
  EXPECT_EQ(refused(Given().config("threads: 1\n", 0620)).code, base::Code::kRefused);
  EXPECT_TRUE(merge_settings(Given().config("threads: 1\n", 0644).raw()));
}

TEST(Settings, AFileThatIsNamedMustBeThere) {
  RawSettings raw;
  raw.config = "/nowhere/sutler.yaml";
  const auto got = merge_settings(raw);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, base::Code::kNotFound);
  EXPECT_TRUE(got.error().message.contains("/nowhere/sutler.yaml"));
}

TEST(Settings, AnUnknownVariableOfOursIsAWarning) {
  Given given;
  given.env("SUTLER_LISTENN", "x")
      .env("SUTLER_ADDR", "x")
      .env("SUTLER_CONFIG", "x")
      .env("LISTEN", "x");
  const auto all = merged(given);
  ASSERT_EQ(all.warnings.size(), 1U);
  EXPECT_TRUE(all.warnings[0].contains("SUTLER_LISTENN")) << all.warnings[0];
  EXPECT_TRUE(all.values.empty());
}

TEST(Settings, WhatWeakensAPromiseIsSetInTheFileOnly) {
  Given given;
  given.env("SUTLER_AUDIT_REQUIRED", "false");
  EXPECT_FALSE(merged(given).values.contains("audit_required"));
  EXPECT_EQ(merged(given).warnings.size(), 1U);
  given.config("audit_required: false\n");
  EXPECT_EQ(merged(given).values.at("audit_required"), Values{"false"});
}

}  // namespace
}  // namespace sutler::server::test
