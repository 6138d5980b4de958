// Completion scripts for shells. They hold the whole table and ask nobody: completing a word never
// talks to a server and never shows a secret.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shell_words.h"

namespace sutler::cli {

// The text of the script, or nothing for a shell other than bash, zsh and fish.
[[nodiscard]] std::optional<std::string> completion_script(
    std::string_view shell, const std::vector<ShellCommand>& commands);

}  // namespace sutler::cli
