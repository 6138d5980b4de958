#include "server/source_config.h"

#include <gtest/gtest.h>

#include "server/options.h"
#include "server/source_setup.h"
#include "server/test_support.h"

namespace sutler::server::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

base::Result<Options> load(std::string_view sources, mode_t mode = 0600) {
  return load_options(Given().config(sources, mode).raw());
}

// What is said of it, without the path of the file.
std::string mistake(std::string_view sources, mode_t mode = 0600) {
  const auto options = load(sources, mode);
  if (options) return "it was accepted";
  const std::string& text = options.error().message;
  return text.substr(text.find("sutler.yaml:") + 12);
}
std::string hint(std::string_view sources) {
  const auto options = load(sources);
  return options ? "it was accepted" : options.error().hint;
}

constexpr std::string_view kFile = "sources:\n  - name: files\n    kind: file\n    root: /srv\n";

std::string file_with(std::string_view more) { return std::string(kFile) + std::string(more); }

TEST(SourceConfig, TheLeastIsANameAKindAndAPlace) {
  const auto options = load(kFile);
  ASSERT_TRUE(options) << options.error().message;
  ASSERT_EQ(options->sources.size(), 1u);
  const auto& common = options->sources.front();
  EXPECT_EQ(common.name, "files");
  EXPECT_EQ(common.kind, "file");
  EXPECT_EQ(common.ttl, seconds(300));
  EXPECT_EQ(common.stale_max, seconds(86'400));
  EXPECT_TRUE(common.disk_cache);
  EXPECT_TRUE(common.allow.empty());
  EXPECT_TRUE(load("threads: 1\n")->sources.empty());
}

TEST(SourceConfig, EveryMemberOfAllKindsIsTaken) {
  const auto options =
      load(file_with("    ttl: 0s\n    stale_max: 1h\n    deadline: 250ms\n"
                     "    concurrency: 2\n    calls_per_second: 5\n"
                     "    disk_cache: false\n    allow:\n"
                     "      - {team: red, groups: [a, b-*], refs: ['*#k']}\n"));
  ASSERT_TRUE(options) << options.error().message;
  const auto& common = options->sources.front();
  EXPECT_EQ(common.ttl, seconds(0));
  EXPECT_EQ(common.stale_max, seconds(3600));
  EXPECT_EQ(common.deadline, milliseconds(250));
  EXPECT_EQ(common.concurrency, 2u);
  EXPECT_EQ(common.calls_per_second_max, 5u);
  EXPECT_FALSE(common.disk_cache);
  ASSERT_EQ(common.allow.size(), 1u);
  EXPECT_EQ(common.allow[0].team, "red");
  EXPECT_EQ(common.allow[0].groups, (std::vector<std::string>{"a", "b-*"}));
  EXPECT_EQ(common.allow[0].refs, std::vector<std::string>{"*#k"});
}

TEST(SourceConfig, AMistakeIsToldWithLineAndMember) {
  EXPECT_EQ(mistake(file_with("    color: red\n")),
            "5: sources: \"files\": unknown member \"color\"");
  EXPECT_TRUE(hint(file_with("    color: red\n")).contains("allow, calls_per_second, concurrency"));
  EXPECT_EQ(mistake(file_with("    ttl: soon\n")).substr(0, 35),
            "5: sources: \"files\": ttl takes a ti");
  EXPECT_TRUE(mistake(file_with("    ttl: 250ms\n")).contains("whole seconds"));
  EXPECT_TRUE(mistake(file_with("    deadline: 10m\n")).contains("deadline takes at most 60s"));
  EXPECT_TRUE(mistake(file_with("    concurrency: 0\n")).contains("from 1 to 1000"));
  EXPECT_TRUE(mistake(file_with("    disk_cache: yes\n")).contains("true or false"));
  EXPECT_TRUE(mistake("sources: files\n").contains("1: sources takes a list of maps"));
  EXPECT_TRUE(mistake("sources:\n  - files\n").contains("2: sources takes members"));
  EXPECT_TRUE(mistake("sources:\n  - {kind: file}\n").contains("member name is missing"));
  EXPECT_TRUE(mistake("sources:\n  - {name: A, kind: file}\n").contains("a-z, 0-9"));
  EXPECT_TRUE(mistake("sources:\n  - {name: a, kind: ftp}\n").contains("one of vault, aws-"));
  EXPECT_TRUE(mistake("sources:\n  - {name: a, kind: file}\n").contains("member root is missing"));
  EXPECT_TRUE(mistake(file_with("  - {name: files, kind: file, root: /b}\n"))
                  .contains("5: sources: two have the name \"files\""));
}

TEST(SourceConfig, TheStoresOwnFilesAreNobodysValues) {
  const auto with = [](std::string_view root) {
    return mistake("data_dir: /srv/data\nsources:\n  - {name: a, kind: file, root: " +
                   std::string(root) + "}\n");
  };
  for (const auto* root : {"/srv/data", "/srv/data/audit", "/srv", "/srv/data/../data/x", "/"}) {
    EXPECT_TRUE(with(root).contains("neither in nor around")) << root;
  }
  for (const auto* root : {"/srv/database", "/srv/dat", "/srv/other"}) {
    EXPECT_EQ(with(root), "it was accepted");
  }
}

TEST(SourceConfig, AMissingListNeverMeansAll) {
  EXPECT_TRUE(mistake(file_with("    allow: []\n")).contains("allow takes a list of maps"));
  EXPECT_TRUE(mistake(file_with("    allow:\n      - {team: a, groups: [a]}\n"))
                  .contains("member refs is missing"));
  EXPECT_TRUE(mistake(file_with("    allow:\n      - {team: a, refs: [a]}\n"))
                  .contains("member groups is missing"));
  EXPECT_TRUE(mistake(file_with("    allow:\n      - {team: a, groups: [], refs: [a]}\n"))
                  .contains("groups takes a list of values"));
  EXPECT_TRUE(mistake(file_with("    allow:\n      - {team: a, groups: [a], refs: ['']}\n"))
                  .contains("refs takes values that are not empty"));
  EXPECT_TRUE(mistake(file_with("    allow:\n      - {groups: [a], refs: [a]}\n"))
                  .contains("member team is missing"));
}

constexpr std::string_view kVault =
    "sources:\n  - name: v\n    kind: vault\n    connection: {address: 'https://v:8200'}\n"
    "    credentials:\n      token: ";

TEST(SourceConfig, ASecretStandsInAFileOfOursOnly) {
  const std::string inline_token = std::string(kVault) + "{value: hunter2}\n";
  EXPECT_TRUE(load(inline_token));
  const auto open = mistake(inline_token, 0640);
  EXPECT_TRUE(open.contains("6: sources: \"v\": credentials: token: value stands in the file"));
  EXPECT_FALSE(open.contains("hunter2"));
  EXPECT_TRUE(load(std::string(kVault) + "{env: VAULT_TOKEN}\n", 0644));
  EXPECT_TRUE(load(std::string(kVault) + "{file: /run/token}\n", 0644));
  EXPECT_TRUE(load(std::string(kVault) + "{command: [/bin/token, -x]}\n", 0644));
}

TEST(SourceConfig, ACredentialComesFromOnePlace) {
  EXPECT_TRUE(mistake(std::string(kVault) + "{env: A, file: /b}\n").contains("token takes one of"));
  EXPECT_TRUE(mistake(std::string(kVault) + "{}\n").contains("token takes one of"));
  EXPECT_TRUE(mistake(std::string(kVault) + "{env: A, to: b}\n").contains("unknown member \"to\""));
  const auto bare = mistake(std::string(kVault) + "hunter2\n");
  EXPECT_TRUE(bare.contains("takes members"));
  EXPECT_FALSE(bare.contains("hunter2"));
}

TEST(SourceConfig, NeitherFlagNorEnvironmentNamesASource) {
  Given given;
  given.env("SUTLER_SOURCES", "[{name: a}]");
  const auto options = load_options(given.raw());
  ASSERT_TRUE(options);
  EXPECT_TRUE(options->sources.empty());
  ASSERT_EQ(options->warnings.size(), 1u);
  EXPECT_TRUE(options->warnings[0].contains("SUTLER_SOURCES"));
}

TEST(SourceConfig, AnotherStoreOfTheSameNameHasAnotherFingerprint) {
  const auto fingerprint = [](const std::string& text) {
    const auto options = load(text);
    EXPECT_TRUE(options) << options.error().message;
    return options ? options->sources.front().fingerprint : std::string();
  };
  const std::string one = "sources:\n  - {name: p, kind: exec, command: [/bin/cat], user: root}\n";
  EXPECT_EQ(fingerprint(one), fingerprint(one));
  EXPECT_NE(fingerprint(one),
            fingerprint("sources:\n  - {name: p, kind: exec, command: [/bin/echo], user: root}\n"));
  EXPECT_NE(fingerprint(one), fingerprint(std::string(kFile)));
}

TEST(SourceConfig, ProgramsAreThoseOfExecAndOfDecrypt) {
  const auto runs = [](const std::string& text) {
    const auto options = load(text);
    EXPECT_TRUE(options) << options.error().message;
    return options && options->sources_run_programs;
  };
  EXPECT_FALSE(runs("threads: 1\n"));
  EXPECT_FALSE(runs(std::string(kFile)));
  EXPECT_TRUE(runs(file_with("    decrypt: {command: [/bin/cat], user: root}\n")));
  EXPECT_TRUE(runs("sources:\n  - {name: p, kind: exec, command: [/bin/cat], user: root}\n"));
}

}  // namespace
}  // namespace sutler::server::test
