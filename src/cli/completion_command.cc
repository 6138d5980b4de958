// `sutler completion`: scripts for shells, and for packagers the man pages.
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>

#include "base/clock.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/help.h"
#include "cli/json_body.h"
#include "cli/man_page.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

struct Options {
  std::string shell;
  std::string man_folder;
};

// SOURCE_DATE_EPOCH makes packages that can be built again byte for byte.
std::string page_date() {
  const char* epoch = std::getenv("SOURCE_DATE_EPOCH");
  const std::string_view digits = epoch == nullptr ? "" : epoch;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  const bool given = !digits.empty() && read.ec == std::errc();
  const auto day = given ? base::UnixTime::from_seconds(seconds) : base::SystemClock().now();
  return base::rfc3339(day).substr(0, 10);
}

base::Result<void> write_pages(const CLI::App& app, const std::filesystem::path& folder,
                               const std::string& date, std::size_t& count) {
  const auto path = folder / man_page_name(app);
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << man_page(app, date);
  file.close();
  if (!file) return base::fail_errno(errno, path.string() + " cannot be written");
  ++count;
  for (const CLI::App* below : commands_below(app)) {
    auto written = write_pages(*below, folder, date, count);
    if (!written) return written;
  }
  return {};
}

base::Result<int> print_script(const Context& context, const CLI::App& root,
                               const Options& options) {
  if (!options.man_folder.empty()) {
    std::size_t count = 0;
    auto written = write_pages(root, options.man_folder, page_date(), count);
    if (!written) return base::pass(written);
    print_note(counted(count, "page") + " in " + options.man_folder);
    return 0;
  }
  const auto script = completion_script(options.shell, shell_commands(root));
  if (!script) {
    return usage_error(options.shell.empty() ? std::string("the shell is missing")
                                             : "there are no words for \"" + options.shell + "\"",
                       "bash, zsh or fish");
  }
  auto printed =
      context.json
          ? print_line(JsonBody().text("shell", options.shell).text("script", *script).done())
          : print_line(*script);
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_completion_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<Options>();
  auto& command = add_command(
      root, context,
      {.name = "completion",
       .purpose = "Prints a script that completes the words of this command in a shell",
       .example = "sutler completion bash > /etc/bash_completion.d/sutler\n"
                  "source <(sutler completion zsh)\n"
                  "sutler completion fish > ~/.config/fish/completions/sutler.fish",
       .more = "It knows commands and options, asks no server, and is to be made anew when this "
               "program is updated."},
      Talks::kToNobody,
      [&root, &context, options] { return print_script(context, root, *options); });
  add_word(command, options->shell, "SHELL", "bash, zsh or fish").required(false);
  add_text(command, options->man_folder,
           {"--man", "DIR", "instead write the man page of every command into this folder"})
      .group("");
}

}  // namespace sutler::cli
