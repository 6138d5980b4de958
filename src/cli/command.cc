#include "cli/command.h"

#include "cli/help.h"

namespace sutler::cli {
namespace {

// CLI11's name for options that help does not show.
constexpr const char* kHidden = "";
constexpr const char* kCommon = "Common options";

void add_common_options(CLI::App& command, Context& context, Talks talks) {
  const char* place = talks == Talks::kToServer ? kCommon : kHidden;
  add_text(command, context.data_dir,
           {"--data-dir", "DIR", "data directory whose server is meant (SUTLER_DATA_DIR)"})
      .group(place);
  add_text(
      command, context.address,
      {"--addr", "URL", "admin address of a server elsewhere (SUTLER_ADDR), with SUTLER_TOKEN"})
      .group(place);
  add_text(command, context.ca_file,
           {"--cacert", "FILE", "CA certificates that --addr is checked against (PEM)"})
      .group(place);
  add_switch(command, context.json, "--json", "print one JSON document instead of text")
      .group(talks == Talks::kItself ? kHidden : kCommon);
}

CLI::App& add_app(CLI::App& parent, const CommandText& text) {
  CLI::App& app = *parent.add_subcommand(text.name, text.purpose);
  app.set_help_flag("-h,--help", "show this text")->group(kCommon);
  app.formatter(std::make_shared<HelpFormatter>(text));
  return app;
}

}  // namespace

CLI::App& add_family(CLI::App& parent, Context& context, const CommandText& text) {
  CLI::App& app = add_app(parent, text);
  app.require_subcommand(1);
  add_common_options(app, context, Talks::kItself);
  return app;
}

CLI::App& add_command(CLI::App& parent, Context& context, const CommandText& text, Talks talks,
                      std::function<base::Result<int>()> act) {
  CLI::App& app = add_app(parent, text);
  if (talks != Talks::kItself) add_common_options(app, context, talks);
  app.callback([&context, act = std::move(act)] { context.action = act; });
  return app;
}

CLI::Option& add_text(CLI::App& command, std::string& target, const OptionText& text) {
  return *command.add_option(text.names, target, text.help)->type_name(text.placeholder);
}

CLI::Option& add_list(CLI::App& command, std::vector<std::string>& target, const OptionText& text) {
  // Else CLI11 would let the option eat the words that follow its value.
  return *command.add_option(text.names, target, text.help)
              ->type_name(text.placeholder)
              ->allow_extra_args(false);
}

CLI::Option& add_switch(CLI::App& command, bool& target, const char* names, const char* help) {
  return *command.add_flag(names, target, help)->disable_flag_override();
}

CLI::Option& add_word(CLI::App& command, std::string& target, const char* name, const char* help) {
  // An unset variable of a script: it would name something else, or all of them.
  const auto empty = [](const std::string& word) { return word.empty() ? "is empty" : ""; };
  return *command.add_option(name, target, help)->type_name(name)->required()->check(empty);
}

CLI::Option& add_words(CLI::App& command, std::vector<std::string>& target, const char* name,
                       const char* help) {
  // CLI11 takes no `=` in a name; what help shows is the type.
  const std::string word(name);
  return *command.add_option(word.substr(0, word.find('=')), target, help)
              ->type_name(word)
              ->required();
}

void add_team_option(CLI::App& command, Context& context) {
  add_text(command, context.team,
           {"--team", "TEAM", "team that is meant (SUTLER_TEAM, else default)"});
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

}  // namespace sutler::cli
