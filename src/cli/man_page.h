// Man pages, man(7), from the declarations that `--help` is made of.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>

namespace sutler::cli {

// "sutler-team-key-add.1": one page for each command.
[[nodiscard]] std::string man_page_name(const CLI::App& app);
// `date` is what stands in the foot, "2026-01-31".
[[nodiscard]] std::string man_page(const CLI::App& app, std::string_view date);

// The text as roff shows it unchanged: no escape, no request, dashes that can be copied.
[[nodiscard]] std::string roff_text(std::string_view text);

}  // namespace sutler::cli
