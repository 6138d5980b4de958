// The table of commands as shell completion needs it: read from the same declarations as `--help`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace sutler::cli {

struct ShellOption {
  std::vector<std::string> names;  // "-f", "--file"
  std::string value;               // placeholder of its value, "FILE"; empty: it is a switch
  std::string help;
};

struct ShellCommand {
  std::string path;  // "sutler team key add"
  std::string help;
  std::vector<std::pair<std::string, std::string>> below;  // name and purpose of each command
  std::vector<ShellOption> options;
  std::vector<std::string> words;  // placeholders of its arguments, "GROUP"
};

// The command itself and all below it that help shows, in the order of help.
[[nodiscard]] std::vector<ShellCommand> shell_commands(const CLI::App& root);

// True where the placeholder stands for something on this computer's disk.
[[nodiscard]] bool is_local_path(const std::string& placeholder);

}  // namespace sutler::cli
