// What `--help` prints: purpose, usage, arguments, options, an example.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "cli/command.h"

namespace sutler::cli {

class HelpFormatter final : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(const CommandText& text) : text_(text) {}
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;

 private:
  CommandText text_;
};

// The text broken at spaces into lines of at most `columns`, those after the first indented.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns);

}  // namespace sutler::cli
