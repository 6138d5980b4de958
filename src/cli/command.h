// How a command is declared: its place in the tree of words, its texts, its options, and what it
// does.
//
// The tree is parsed by CLI11, which knows only text, lists of text and switches here: numbers,
// lengths of time and words with a meaning are read by the commands, so that every wrong one is
// told in the same voice. Options stand after the command's last word.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sutler::cli {

// What the options that many commands take have said. Lives as long as the program.
struct Context {
  std::string data_dir;
  std::string address;  // --addr
  std::string ca_file;  // --cacert
  std::string team = "default";
  bool json = false;
  // What stands after `--`, for `run`; taken off before CLI11 sees it. Nothing: there was no `--`.
  std::optional<std::vector<std::string>> rest;
  // What the command line asks for; gives the exit status.
  std::function<base::Result<int>()> action;
};

struct CommandText {
  const char* name;
  const char* purpose;    // one sentence, without a final full stop
  const char* example;    // whole lines as they are typed
  const char* more = "";  // a paragraph, or nothing
  const char* tail = "";  // what the usage line ends with
};

// Whom the command talks to decides which common options its help shows.
enum class Talks { kToServer, kToNobody, kItself };  // kItself: declares all its options

// A word that only has commands below it: `team`.
CLI::App& add_family(CLI::App& parent, Context& context, const CommandText& text);
// A command. `act` is called once the whole line was understood.
CLI::App& add_command(CLI::App& parent, Context& context, const CommandText& text, Talks talks,
                      std::function<base::Result<int>()> act);

// Options by their kind. `names` as CLI11 has them ("-f,--file"), `placeholder` as help shows it
// ("FILE").
struct OptionText {
  const char* names;
  const char* placeholder;
  const char* help;
};
CLI::Option& add_text(CLI::App& command, std::string& target, const OptionText& text);
// May be given several times, one value each.
CLI::Option& add_list(CLI::App& command, std::vector<std::string>& target, const OptionText& text);
CLI::Option& add_switch(CLI::App& command, bool& target, const char* names, const char* help);
// Words without a dash, required. `name` in capitals.
CLI::Option& add_word(CLI::App& command, std::string& target, const char* name, const char* help);
CLI::Option& add_words(CLI::App& command, std::vector<std::string>& target, const char* name,
                       const char* help);
void add_team_option(CLI::App& command, Context& context);

// The words of the command: "sutler team key add".
[[nodiscard]] std::string full_name(const CLI::App& command);

}  // namespace sutler::cli
