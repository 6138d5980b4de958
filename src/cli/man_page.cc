#include "cli/man_page.h"

#include <algorithm>
#include <cctype>
#include <sstream>

#include "cli/command.h"
#include "cli/help.h"

namespace sutler::cli {
namespace {

std::string page_title(const CLI::App& app) {
  std::string name = full_name(app);
  std::ranges::replace(name, ' ', '-');
  return name;
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string section(const std::string& heading) { return ".SH " + upper(heading) + "\n"; }

std::string tagged(const std::string& tag, const std::string& text) {
  return ".TP\n\\fB" + roff_text(tag) + "\\fR\n" + roff_text(text) + "\n";
}

std::string example(const char* text) {
  std::istringstream lines(text);
  std::string out = ".nf\n";
  for (std::string line; std::getline(lines, line);) out += roff_text(line) + "\n";
  return out + ".fi\n";
}

std::string see_also(const CLI::App& app) {
  std::vector<std::string> pages;
  if (app.get_parent() != nullptr) pages.push_back(page_title(*app.get_parent()));
  for (const CLI::App* below : commands_below(app)) pages.push_back(page_title(*below));
  std::string out = section("See also");
  for (const std::string& page : pages) {
    out += ".BR " + roff_text(page) + " (1)" + (&page == &pages.back() ? "\n" : ",\n");
  }
  return out;
}

constexpr const char* kExitStatus[][2] = {
    {"0", "done"},
    {"1", "failed"},
    {"2", "wrong usage"},
    {"3", "not found"},
    {"4", "refused"},
    {"5", "the server cannot be reached"},
    {"6", "conflict: somebody was faster, or it is at odds with what is there"},
};

}  // namespace

std::string roff_text(std::string_view text) {
  std::string out;
  if (text.starts_with('.') || text.starts_with('\'')) out += "\\&";
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '`': out += "\\(ga"; break;
      case '\'': out += "\\(aq"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c;
    }
  }
  return out;
}

std::string man_page_name(const CLI::App& app) { return page_title(app) + ".1"; }

std::string man_page(const CLI::App& app, std::string_view date) {
  const CommandText& text = text_of(app);
  std::string out = ".TH " + upper(page_title(app)) + " 1 " + std::string(date) + " \"sutler " +
                    SUTLER_VERSION + "\" \"sutler\"\n";
  std::string purpose = text.purpose;
  out += section("Name") + roff_text(page_title(app)) + " \\- " + roff_text(purpose) + "\n";
  out += section("Synopsis") + ".B " + roff_text(usage_line(app)) + "\n";
  out += section("Description") + roff_text(purpose + ".") + "\n";
  if (*text.more != '\0') out += ".PP\n" + roff_text(text.more) + "\n";
  const auto below = commands_below(app);
  if (!below.empty()) out += section("Commands");
  for (const CLI::App* command : below) {
    out += tagged(command->get_name(), command->get_description() + ".");
  }
  for (const HelpSection& one : option_sections(app)) {
    out += section(one.heading);
    for (const HelpLine& line : one.lines) out += tagged(line.name, line.help);
  }
  if (*text.example != '\0') out += section("Example") + example(text.example);
  out += section("Exit status");
  for (const auto& [status, meaning] : kExitStatus) out += tagged(status, meaning);
  return out + see_also(app);
}

}  // namespace sutler::cli
