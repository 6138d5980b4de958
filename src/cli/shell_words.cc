#include "cli/shell_words.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "cli/command.h"
#include "cli/help.h"

namespace sutler::cli {
namespace {

ShellOption shell_option(const CLI::Option& option) {
  ShellOption out;
  for (const auto& letter : option.get_snames()) out.names.push_back("-" + letter);
  for (const auto& name : option.get_lnames()) out.names.push_back("--" + name);
  const bool takes_value = option.get_type_size() != 0 && option.get_expected_max() != 0;
  if (takes_value) out.value = option.get_type_name();
  out.help = option.get_description();
  return out;
}

void collect(const CLI::App& app, std::vector<ShellCommand>& out) {
  ShellCommand command{full_name(app), app.get_description(), {}, {}, {}};
  // Before the last word the common options are taken, too, and help does not repeat them there.
  const bool is_family = app.get_require_subcommand_min() > 0;
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.words.push_back(option->get_type_name());
    } else if (is_family || !option->get_group().empty()) {
      command.options.push_back(shell_option(*option));
    }
  }
  const auto below = commands_below(app);
  for (const CLI::App* one : below) {
    command.below.emplace_back(one->get_name(), one->get_description());
  }
  out.push_back(std::move(command));
  for (const CLI::App* one : below) collect(*one, out);
}

}  // namespace

std::vector<ShellCommand> shell_commands(const CLI::App& root) {
  std::vector<ShellCommand> commands;
  collect(root, commands);
  return commands;
}

bool is_local_path(const std::string& placeholder) {
  constexpr std::array<std::string_view, 6> kinds = {"FILE",  "DIR",    "PATH",
                                                     "LOCAL", "SOCKET", "FOLDER"};
  return std::ranges::find(kinds, placeholder) != kinds.end();
}

}  // namespace sutler::cli
