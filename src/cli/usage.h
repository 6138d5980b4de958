// A command line that cannot be understood, told so that it can be put right.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::cli {

// What CLI11 found wrong, as a usage error that names the flag or word and the way out. Words that
// may hold a value are never quoted: of `--flag=value` the flag alone.
[[nodiscard]] base::Error usage_error_of(const CLI::App& root, const CLI::ParseError& error);

// The command whose words were given, as far as they were understood.
[[nodiscard]] const CLI::App& deepest_command(const CLI::App& root);

// The first word that no command or option is named by, as a usage error; nothing when there is
// none.
[[nodiscard]] std::optional<base::Error> unknown_word(const CLI::App& root);

// The candidate that was most likely meant, or nothing: a few letters changed, left out, added or
// swapped.
[[nodiscard]] std::string nearest(std::string_view word,
                                  const std::vector<std::string>& candidates);

}  // namespace sutler::cli
