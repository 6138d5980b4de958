#include "cli/usage.h"

#include <algorithm>

#include "cli/command.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

// Letters changed, left out, added, or swapped with their neighbour (optimal string alignment).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = a[i - 1] == b[j - 1] ? 0 : 1;
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* command : app.get_subcommands({})) {
    if (!command->get_group().empty()) names.push_back(command->get_name());
  }
  return names;
}

std::vector<std::string> option_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::string help_hint(const CLI::App& app) {
  return "`" + full_name(app) + " --help` tells how it is used";
}

std::string hint_with_suggestion(const CLI::App& app, const std::string& suggestion) {
  if (suggestion.empty()) return help_hint(app);
  return "did you mean `" + suggestion + "`? " + help_hint(app);
}

bool is_option(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && word != "--";
}

// "--flag" of "--flag=value", "-x" of "-xvalue".
std::string option_part(const std::string& word) {
  return word.starts_with("--") ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

base::Error usage(std::string message, std::string hint) {
  return usage_error(std::move(message), std::move(hint)).error();
}

base::Error missing_command(const CLI::App& app) {
  return usage("a command is missing after `" + full_name(app) + "`",
               "one of: " + joined(command_names(app), ", ") + "; " + help_hint(app));
}

base::Error unknown_command(const CLI::App& app, const std::string& word) {
  return usage("`" + full_name(app) + "` has no command `" + word + "`",
               hint_with_suggestion(app, nearest(word, command_names(app))));
}

base::Error unknown_option(const CLI::App& app, const std::string& word) {
  const std::string option = option_part(word);
  return usage("`" + full_name(app) + "` has no option " + option,
               hint_with_suggestion(app, nearest(option, option_names(app))));
}

// The name with which every message of CLI11 about an option begins.
std::string named_option(const CLI::ParseError& error) {
  const std::string text = error.what();
  return text.substr(0, text.find_first_of(" :"));
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  // One slip in a short word, more in a longer one.
  std::size_t limit = word.size() / 3 + 1;
  for (const std::string& candidate : candidates) {
    const std::size_t slips = distance(word, candidate);
    if (slips > limit || (slips == limit && !best.empty())) continue;
    best = candidate;
    limit = slips;
  }
  return best;
}

const CLI::App& deepest_command(const CLI::App& root) {
  const CLI::App* app = &root;
  for (;;) {
    const auto parsed = app->get_subcommands();
    if (parsed.empty()) return *app;
    app = parsed.front();
  }
}

std::optional<base::Error> unknown_word(const CLI::App& root) {
  for (const CLI::App* app = &root;;) {
    const auto words = app->remaining();
    if (!words.empty() && is_option(words.front())) return unknown_option(*app, words.front());
    const bool wants_command = app->get_require_subcommand_min() > 0;
    if (!words.empty() && wants_command) return unknown_command(*app, words.front());
    const auto parsed = app->get_subcommands();
    if (parsed.empty()) return std::nullopt;
    app = parsed.front();
  }
}

base::Error usage_error_of(const CLI::App& root, const CLI::ParseError& error) {
  // Words that nobody wanted are the likelier cause of whatever is missing.
  if (auto unknown = unknown_word(root)) return *unknown;
  const CLI::App& app = deepest_command(root);
  const std::string name = named_option(error);
  // By type: CLI11 gives some of its errors the command's name instead of their own.
  if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr) {
    if (app.get_require_subcommand_min() > 0) return missing_command(app);
    return usage((name.starts_with('-') ? "option " : "argument ") + name + " is missing",
                 help_hint(app));
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr) {
    return usage("`" + full_name(app) + "` was given too many arguments", help_hint(app));
  }
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error) != nullptr) {
    if (std::string_view(error.what()).find("flag override") != std::string_view::npos) {
      return usage("option --" + name + " takes no value", help_hint(app));
    }
    const bool twice = std::string_view(error.what()).find("At Most") != std::string_view::npos;
    return usage(name + (twice ? " is given more than once" : " needs a value"), help_hint(app));
  }
  // Nothing else is asked of a word (add_word).
  if (dynamic_cast<const CLI::ValidationError*>(&error) != nullptr) {
    return usage("argument " + name + " is empty", help_hint(app));
  }
  return usage(name + " cannot be understood", help_hint(app));
}

}  // namespace sutler::cli
