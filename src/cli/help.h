// What `--help` prints: purpose, usage, arguments, options, an example.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "cli/command.h"

namespace sutler::cli {

class HelpFormatter final : public CLI::FormatterBase {
 public:
  explicit HelpFormatter(const CommandText& text) : text_(text) {}
  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override;
  [[nodiscard]] const CommandText& text() const { return text_; }

 private:
  CommandText text_;
};

// What the command was declared with.
[[nodiscard]] const CommandText& text_of(const CLI::App& app);

// The parts of a help text that other forms of it share (man pages).
struct HelpLine {
  std::string name;  // "-f, --file FILE"
  std::string help;
};
struct HelpSection {
  std::string heading;
  std::vector<HelpLine> lines;
};
// "sutler group show GROUP [options]", in one line.
[[nodiscard]] std::string usage_line(const CLI::App& app);
// Arguments, options and common options, each only where there are some.
[[nodiscard]] std::vector<HelpSection> option_sections(const CLI::App& app);
// The commands below this one that help shows.
[[nodiscard]] std::vector<const CLI::App*> commands_below(const CLI::App& app);

// The text broken at spaces into lines of at most `columns`, those after the first indented.
[[nodiscard]] std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns);

}  // namespace sutler::cli
