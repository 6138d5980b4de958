#include "cli/usage.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/commands.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

// A small tree of the same make as the real one.
class Usage : public ::testing::Test {
 protected:
  Usage() {
    root_.name("sutler");
    root_.require_subcommand(1);
    auto& team = add_family(root_, context_, {.name = "team", .purpose = "", .example = ""});
    auto& add = add_command(team, context_, {.name = "add", .purpose = "", .example = ""},
                            Talks::kToServer, [] { return base::Result<int>(0); });
    add_word(add, id_, "TEAM", "");
    add_text(add, leeway_, {"--leeway", "TIME", ""});
    add_list(add, ranges_, {"--allow-from", "CIDR", ""});
    auto& set = add_command(root_, context_, {.name = "set", .purpose = "", .example = ""},
                            Talks::kToServer, [] { return base::Result<int>(0); });
    add_word(set, id_, "GROUP", "");
    add_words(set, words_, "KEY=VALUE", "");
    add_text(set, leeway_, {"--project", "ID", ""}).required();
  }

  base::Error parse(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());
    try {
      root_.parse(words);
    } catch (const CLI::ParseError& error) {
      return usage_error_of(root_, error);
    }
    return {};
  }

  CLI::App root_;
  Context context_;
  std::string id_, leeway_;
  std::vector<std::string> ranges_, words_;
};

TEST_F(Usage, WhatIsRightIsTaken) {
  EXPECT_TRUE(parse({"team", "add", "--allow-from", "a", "red", "--allow-from=b"}).message.empty());
  EXPECT_EQ(id_, "red");
  EXPECT_EQ(ranges_, (std::vector<std::string>{"a", "b"}));
}

TEST_F(Usage, AnUnknownCommandHasASuggestion) {
  const auto error = parse({"taem"});
  EXPECT_EQ(exit_status(error), 2);
  EXPECT_NE(error.message.find("taem"), std::string::npos);
  EXPECT_NE(error.hint.find("`team`"), std::string::npos);
  EXPECT_NE(parse({"team", "ad"}).hint.find("`add`"), std::string::npos);
}

TEST_F(Usage, AnUnknownCommandIsFoundBeforeOneThatIsKnown) {
  EXPECT_NE(parse({"team", "kye", "add", "red"}).message.find("kye"), std::string::npos);
  EXPECT_NE(parse({"taem", "set", "g", "A=1", "--project", "p"}).message.find("taem"),
            std::string::npos);
}

TEST_F(Usage, AMissingCommandListsThem) {
  EXPECT_NE(parse({}).hint.find("team, set"), std::string::npos);
  EXPECT_NE(parse({"team"}).message.find("sutler team"), std::string::npos);
}

TEST_F(Usage, AnUnknownOptionIsNamedWithoutItsValue) {
  const auto error = parse({"set", "g", "A=1", "--porject=hunter2"});
  EXPECT_NE(error.message.find("--porject"), std::string::npos);
  EXPECT_EQ(error.message.find("hunter2"), std::string::npos);
  EXPECT_NE(error.hint.find("--project"), std::string::npos);
}

TEST_F(Usage, WhatIsMissingIsNamed) {
  EXPECT_NE(parse({"set", "g", "A=1"}).message.find("--project"), std::string::npos);
  EXPECT_NE(parse({"team", "add"}).message.find("TEAM"), std::string::npos);
  EXPECT_NE(parse({"team", "add", "red", "--leeway"}).message.find("--leeway needs a value"),
            std::string::npos);
}

TEST_F(Usage, TooManyArgumentsAreNotQuoted) {
  const auto error = parse({"team", "add", "red", "hunter2"});
  EXPECT_NE(error.message.find("too many"), std::string::npos);
  EXPECT_EQ(error.message.find("hunter2"), std::string::npos);
}

TEST_F(Usage, AnOptionGivenTwiceIsAnError) {
  EXPECT_NE(parse({"team", "add", "red", "--leeway", "1s", "--leeway", "2s"})
                .message.find("more than once"),
            std::string::npos);
}

TEST(Nearest, OnlyCloseWordsAreSuggested) {
  const std::vector<std::string> words{"serve", "set", "team", "status"};
  EXPECT_EQ(nearest("sreve", words), "serve");
  EXPECT_EQ(nearest("tem", words), "team");
  EXPECT_EQ(nearest("statsu", words), "status");
  EXPECT_EQ(nearest("doctor", words), "");
  EXPECT_EQ(nearest("", words), "");
}

}  // namespace
}  // namespace sutler::cli
