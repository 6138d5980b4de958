#include "cli/help.h"

#include <algorithm>
#include <sstream>
#include <vector>

namespace sutler::cli {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kNameColumnsMax = 30;

using Line = HelpLine;

// A heading and its lines, the texts of which begin at one column; nothing when there are none.
std::string section(const std::string& heading, const std::vector<Line>& lines) {
  if (lines.empty()) return {};
  std::size_t width = 0;
  for (const Line& line : lines) {
    if (line.name.size() <= kNameColumnsMax) width = std::max(width, line.name.size());
  }
  std::string out = "\n" + heading + ":\n";
  for (const Line& line : lines) {
    out += "  " + line.name;
    if (line.name.size() > width) {
      out += "\n" + std::string(width + 4, ' ');
    } else {
      out.append(width + 2 - line.name.size(), ' ');
    }
    out += wrapped(line.help, width + 4, kColumns) + "\n";
  }
  return out;
}

bool is_list(const CLI::Option& option) { return option.get_expected_max() > 1; }

std::string word_name(const CLI::Option& option) {
  return option.get_type_name() + (is_list(option) ? "..." : "");
}

// "-f, --file FILE"
std::string option_name(const CLI::Option& option) {
  std::string name;
  for (const auto& letter : option.get_snames()) name += "-" + letter + ", ";
  name += "--" + option.get_lnames().front();
  if (option.get_type_size() != 0 && option.get_expected_max() != 0) {
    name += " " + option.get_type_name();
  }
  return name;
}

std::string option_help(const CLI::Option& option) {
  std::string help = option.get_description();
  if (option.get_required()) help += " (required)";
  if (is_list(option)) help += " (may be repeated)";
  return help;
}

// "-f PATH"
std::string usage_name(const CLI::Option& option) {
  const std::string name = option.get_snames().empty() ? "--" + option.get_lnames().front()
                                                       : "-" + option.get_snames().front();
  return " " + name + " " + option.get_type_name();
}

std::string indented(const std::string& text) {
  std::istringstream lines(text);
  std::string out;
  for (std::string line; std::getline(lines, line);) out += "  " + line + "\n";
  return out;
}

}  // namespace

const CommandText& text_of(const CLI::App& app) {
  // Every command is made by add_app, which gives it this formatter.
  return dynamic_cast<const HelpFormatter&>(*app.get_formatter()).text();
}

std::string usage_line(const CLI::App& app) {
  std::string line = full_name(app);
  if (app.get_require_subcommand_min() > 0) return line + " COMMAND";
  for (const auto* option : app.get_options()) {
    if (option->get_positional()) {
      const std::string word = word_name(*option);
      line += option->get_required() ? " " + word : " [" + word + "]";
    }
  }
  for (const auto* option : app.get_options()) {
    if (option->nonpositional() && option->get_required()) line += usage_name(*option);
  }
  line += " [options]";
  if (const char* tail = text_of(app).tail; *tail != '\0') line += std::string(" ") + tail;
  return line;
}

std::vector<HelpSection> option_sections(const CLI::App& app) {
  std::vector<HelpSection> sections;
  HelpSection words{"Arguments", {}};
  for (const auto* option : app.get_options()) {
    if (!option->get_positional()) continue;
    words.lines.push_back({word_name(*option), option->get_description()});
  }
  if (!words.lines.empty()) sections.push_back(std::move(words));
  auto groups = app.get_groups();
  // CLI11 puts the group of the help flag first; what is special to the command comes first here.
  std::stable_sort(groups.begin(), groups.end(),
                   [](const auto& a, const auto& b) { return a == "Options" && b != "Options"; });
  for (const std::string& group : groups) {
    std::vector<Line> lines;
    for (const auto* option : app.get_options()) {
      if (option->get_group() != group || group.empty() || !option->nonpositional()) continue;
      lines.push_back({option_name(*option), option_help(*option)});
    }
    // `--help` was declared first and belongs last.
    if (!lines.empty() && lines.front().name.starts_with("-h,")) {
      std::rotate(lines.begin(), lines.begin() + 1, lines.end());
    }
    if (!lines.empty()) sections.push_back({group, std::move(lines)});
  }
  return sections;
}

std::vector<const CLI::App*> commands_below(const CLI::App& app) {
  std::vector<const CLI::App*> commands;
  for (const auto* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) commands.push_back(command);
  }
  return commands;
}

std::string wrapped(const std::string& text, std::size_t indent, std::size_t columns) {
  std::istringstream words(text);
  std::string out;
  std::size_t used = indent;
  for (std::string word; words >> word;) {
    if (out.empty()) {
      out = word;
    } else if (used + 1 + word.size() > columns) {
      out += "\n" + std::string(indent, ' ') + word;
      used = indent;
    } else {
      out += " " + word;
      ++used;
    }
    used += word.size();
  }
  return out;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  std::string out = wrapped(std::string(text_.purpose) + ".", 0, kColumns) + "\n\n" +
                    wrapped("Usage: " + usage_line(*app), 4, kColumns) + "\n";
  if (*text_.more != '\0') out += "\n" + wrapped(text_.more, 0, kColumns) + "\n";
  std::vector<Line> commands;
  for (const auto* command : commands_below(*app)) {
    commands.push_back({command->get_name(), command->get_description()});
  }
  out += section("Commands", commands);
  for (const HelpSection& one : option_sections(*app)) out += section(one.heading, one.lines);
  if (*text_.example != '\0') out += "\nExample:\n" + indented(text_.example);
  return out;
}

}  // namespace sutler::cli
