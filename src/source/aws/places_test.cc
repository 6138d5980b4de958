#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/file.h"
#include "base/locked_arena.h"
#include "base/test_support.h"
#include "source/aws/key_sources.h"
#include "source/aws/locator.h"
#include "source/aws/profile.h"

namespace sutler::source {
namespace {

using Variables = std::map<std::string, std::string>;

AwsConfig config_with(Variables variables) {
  AwsConfig config;
  config.name = "aws";
  config.environment = [variables = std::move(variables)](const std::string& name) {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  return config;
}

Deadline soon() { return std::chrono::steady_clock::now() + std::chrono::seconds(5); }

std::string setting(std::string_view text, ProfileFile kind, std::string_view profile,
                    std::string_view name) {
  const auto settings = read_profile(text, kind, profile);
  if (!settings) return "no profile";
  const auto found = settings->find(name);
  return found == settings->end() ? "unset" : std::string(found->second.expose());
}

TEST(AwsProfile, ReadsSectionsAsAwsWritesThem) {
  constexpr std::string_view keys =
      "# comment\n[default]\naws_access_key_id = A\n\n[ other ]\r\nAWS_ACCESS_KEY_ID=B=C\r\n"
      "nested =\n  aws_secret_access_key = no\n; x\n";
  EXPECT_EQ(setting(keys, ProfileFile::kCredentials, "default", "aws_access_key_id"), "A");
  EXPECT_EQ(setting(keys, ProfileFile::kCredentials, "other", "aws_access_key_id"), "B=C");
  EXPECT_EQ(setting(keys, ProfileFile::kCredentials, "other", "aws_secret_access_key"), "unset");
  EXPECT_EQ(setting(keys, ProfileFile::kCredentials, "third", "x"), "no profile");
  constexpr std::string_view config =
      "[default]\nregion=eu-west-1\n[profile a b]\nregion=x\n[profile \"q\"]\nregion=y\n[bare]\n"
      "region=z\n[sso-session s]\nregion=w\n";
  EXPECT_EQ(setting(config, ProfileFile::kConfig, "default", "region"), "eu-west-1");
  EXPECT_EQ(setting(config, ProfileFile::kConfig, "a b", "region"), "x");
  EXPECT_EQ(setting(config, ProfileFile::kConfig, "q", "region"), "y");
  EXPECT_EQ(setting(config, ProfileFile::kConfig, "bare", "region"), "no profile");
}

TEST(AwsProfile, GarbageIsNoProfile) {
  for (const char* text : {"", "[", "[]", "[default", "a=b", "=", "\n\n[x]\n=\n", "\xff\xfe"}) {
    EXPECT_FALSE(read_profile(text, ProfileFile::kCredentials, "default")) << text;
  }
}

TEST(AwsKeyPlaces, TheEnvironmentNeedsBothHalves) {
  auto keys = environment_keys(config_with(
      {{"AWS_ACCESS_KEY_ID", "i"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}}));
  ASSERT_TRUE(keys && *keys);
  EXPECT_EQ((*keys)->session_token.expose(), "t");
  EXPECT_FALSE(environment_keys(config_with({})));
  EXPECT_FALSE(environment_keys(config_with({{"AWS_ACCESS_KEY_ID", ""}})));
  const auto half = environment_keys(config_with({{"AWS_ACCESS_KEY_ID", "i"}}));
  ASSERT_TRUE(half);
  EXPECT_EQ(half->error().kind, FailureKind::kLogin);
}

TEST(AwsKeyPlaces, KeysLieInLockedMemoryForAsLongAsTheyAreHeld) {
  const auto before = base::locked_use().blocks;
  {
    const auto keys = environment_keys(config_with(
        {{"AWS_ACCESS_KEY_ID", "i"}, {"AWS_SECRET_ACCESS_KEY", "s"}, {"AWS_SESSION_TOKEN", "t"}}));
    ASSERT_TRUE(keys && *keys);
    EXPECT_EQ((*keys)->secret.expose(), "s");
    EXPECT_EQ(base::locked_use().blocks, before + 2);
  }
  EXPECT_EQ(base::locked_use().blocks, before);
}

TEST(AwsKeyPlaces, AProfileOfBothFiles) {
  const base::test::TempFolder folder;
  auto config = config_with({{"AWS_PROFILE", "p"}});
  config.credentials_file = folder.path() / "credentials";
  config.config_file = folder.path() / "config";
  EXPECT_FALSE(profile_keys(config, soon()));
  base::test::must(base::write_file(config.credentials_file,
                                    "[p]\naws_access_key_id=i\naws_secret_access_key=s\n", 0600,
                                    base::Overwrite::kRefuse));
  base::test::must(base::write_file(config.config_file, "[profile p]\nregion=eu-west-1\n", 0600,
                                    base::Overwrite::kRefuse));
  const auto keys = profile_keys(config, soon());
  ASSERT_TRUE(keys && *keys);
  EXPECT_EQ((*keys)->id, "i");
  EXPECT_EQ(aws_region(config), "eu-west-1");
}

TEST(AwsKeyPlaces, AProfileThatWouldRunAProgramIsRefused) {
  const base::test::TempFolder folder;
  auto config = config_with({});
  config.config_file = folder.path() / "config";
  config.credentials_file = folder.path() / "none";
  base::test::must(base::write_file(config.config_file,
                                    "[default]\ncredential_process = touch /tmp/x\n", 0600,
                                    base::Overwrite::kRefuse));
  const auto keys = find_keys(config, soon());
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().kind, FailureKind::kLogin);
  EXPECT_NE(keys.error().message.find("credential_process"), std::string::npos);
}

TEST(AwsKeyPlaces, ContainerKeysComeFromNearbyOrByHttps) {
  for (const char* good : {"http://127.0.0.1:80/x", "http://localhost/x", "http://[::1]:9/x",
                           "http://169.254.170.2/v2", "http://169.254.170.23/v1",
                           "http://[fd00:ec2::23]/v1", "https://keys.example/x"}) {
    EXPECT_TRUE(is_container_endpoint(good)) << good;
  }
  for (const char* bad : {"http://keys.example/x", "http://127.0.0.1.example/", "ftp://127.0.0.1/",
                          "http://169.254.170.2@evil.example/", "http://", "", "127.0.0.1",
                          "http://169.254.169.254/", "http://evil.example#@127.0.0.1/"}) {
    EXPECT_FALSE(is_container_endpoint(bad)) << bad;
  }
  const auto keys = container_keys(
      config_with({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"}}), soon());
  ASSERT_TRUE(keys);
  EXPECT_EQ(keys->error().kind, FailureKind::kLogin);
}

TEST(AwsKeyPlaces, ARegionIsPartOfAHostName) {
  EXPECT_TRUE(is_region("eu-west-1"));
  for (const char* bad : {"", "eu.west", "evil.example/", "EU-WEST-1", "a b"}) {
    EXPECT_FALSE(is_region(bad)) << bad;
  }
  EXPECT_EQ(aws_endpoint("ssm", "cn-north-1"), "https://ssm.cn-north-1.amazonaws.com.cn/");
}

TEST(AwsLocator, NamesASecretAndOneVersion) {
  const auto stage = parse_secret_locator("prod/db?stage=AWSPREVIOUS");
  ASSERT_TRUE(stage);
  EXPECT_EQ(stage->id, "prod/db");
  EXPECT_EQ(stage->stage, "AWSPREVIOUS");
  EXPECT_TRUE(parse_secret_locator("arn:aws:secretsmanager:eu-west-1:1:secret:a-AbCdEf"));
  EXPECT_TRUE(parse_secret_locator("a?version=EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE"));
  for (const char* bad : {"", "a b", "a?", "a?stage", "a?stage=", "a?x=1", "a\"", "a\n", "?stage=x",
                          "a?stage=x&version=y"}) {
    EXPECT_FALSE(parse_secret_locator(bad)) << bad;
  }
}

TEST(AwsLocator, NamesAParameterAndOneVersion) {
  EXPECT_EQ(*parse_parameter_locator("/a/b"), "/a/b");
  EXPECT_EQ(*parse_parameter_locator("/a/b?version=3"), "/a/b:3");
  EXPECT_EQ(*parse_parameter_locator("/a/b?label=prod"), "/a/b:prod");
  EXPECT_EQ(*parse_parameter_locator("/a/b:3"), "/a/b:3");
  EXPECT_EQ(*parse_parameter_locator("arn:aws:ssm:r:1:parameter/a?version=2"),
            "arn:aws:ssm:r:1:parameter/a:2");
  EXPECT_EQ(bare_parameter("/a/b:3"), "/a/b");
  EXPECT_EQ(bare_parameter("/a/b"), "/a/b");
  EXPECT_EQ(bare_parameter("arn:aws:ssm:r:1:parameter/a:2"), "arn:aws:ssm:r:1:parameter/a");
  EXPECT_EQ(bare_parameter("arn:aws:ssm:r:1:parameter/a"), "arn:aws:ssm:r:1:parameter/a");
  for (const char* bad : {"", "/a:", "/a:1:2", "/a:1?version=2", "/a?version=x", "/a?label=3",
                          "/a?stage=x", "/a b", "arn:aws:ssm:r"}) {
    EXPECT_FALSE(parse_parameter_locator(bad)) << bad;
  }
}

}  // namespace
}  // namespace sutler::source
