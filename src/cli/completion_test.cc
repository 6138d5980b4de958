#include "cli/completion.h"

#include <gtest/gtest.h>

#include "cli/command.h"

namespace sutler::cli {
namespace {

class Completion : public testing::Test {
 protected:
  Completion() {
    root.name("sutler");
    auto& team = add_family(root, context, {.name = "team", .purpose = "Teams", .example = ""});
    auto& add =
        add_command(team, context, {.name = "add", .purpose = "Adds it's team", .example = ""},
                    Talks::kToServer, [] { return 0; });
    add_word(add, id, "TEAM", "id");
    add_text(add, file, {"-f,--file", "FILE", "a file"});
    add_switch(add, on, "--on", "a switch");
    auto& hidden = add_command(root, context, {.name = "secretly", .purpose = "x", .example = ""},
                               Talks::kToNobody, [] { return 0; });
    hidden.group("");
  }

  CLI::App root;
  Context context;
  std::string id, file;
  bool on = false;
};

TEST_F(Completion, ReadsTheTableFromTheDeclarations) {
  const auto commands = shell_commands(root);
  ASSERT_EQ(commands.size(), 3U);
  EXPECT_EQ(commands[0].path, "sutler");
  ASSERT_EQ(commands[0].below.size(), 1U);
  EXPECT_EQ(commands[2].path, "sutler team add");
  EXPECT_EQ(commands[2].words, std::vector<std::string>{"TEAM"});
  bool has_file = false, has_switch = false;
  for (const auto& option : commands[2].options) {
    has_file = has_file || (option.names.back() == "--file" && option.value == "FILE");
    has_switch = has_switch || (option.names.back() == "--on" && option.value.empty());
  }
  EXPECT_TRUE(has_file);
  EXPECT_TRUE(has_switch);
}

TEST_F(Completion, WritesAScriptForThreeShellsAndNoOther) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const auto script = completion_script(shell, shell_commands(root));
    ASSERT_TRUE(script) << shell;
    EXPECT_TRUE(script->contains("sutler team add")) << shell;
    EXPECT_TRUE(script->contains("file")) << shell;
    EXPECT_FALSE(script->contains("secretly")) << shell;
  }
  EXPECT_FALSE(completion_script("tcsh", shell_commands(root)));
  EXPECT_FALSE(completion_script("", shell_commands(root)));
}

TEST_F(Completion, QuotesWhatAShellWouldRead) {
  const auto zsh = completion_script("zsh", shell_commands(root));
  EXPECT_TRUE(zsh->contains("'add:Adds it'\\''s team'"));
  const auto fish = completion_script("fish", shell_commands(root));
  EXPECT_TRUE(fish->contains("'Adds it\\'s team'"));
}

}  // namespace
}  // namespace sutler::cli
