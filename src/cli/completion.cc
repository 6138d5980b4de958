#include "cli/completion.h"

namespace sutler::cli {
namespace {

// In single quotes for bash and zsh.
std::string shell_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

// fish knows two escapes within single quotes.
std::string fish_quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'' || c == '\\') out += '\\';
    out += c;
  }
  return out + "'";
}

std::string joined_names(const std::vector<ShellOption>& options,
                         bool (*wanted)(const ShellOption&)) {
  std::string out;
  for (const ShellOption& option : options) {
    if (!wanted(option)) continue;
    for (const std::string& name : option.names) out += (out.empty() ? "" : " ") + name;
  }
  return out;
}

bool any(const ShellOption&) { return true; }
bool has_value(const ShellOption& option) { return !option.value.empty(); }
bool has_path(const ShellOption& option) { return is_local_path(option.value); }

// What of a command's arguments the shell itself can complete.
std::string argument_kind(const ShellCommand& command) {
  if (command.path == "sutler completion") return "shells";
  for (const std::string& word : command.words) {
    if (is_local_path(word)) return "files";
  }
  return "";
}

// One function for bash and zsh: sets the lists of a command by its path.
std::string posix_table(const std::vector<ShellCommand>& commands) {
  std::string out =
      "_sutler_table() {\n  _s_below= _s_options= _s_values= _s_paths= _s_words=\n"
      "  case \"$1\" in\n";
  for (const ShellCommand& command : commands) {
    std::string below;
    for (const auto& [name, help] : command.below) below += (below.empty() ? "" : " ") + name;
    out += "  " + shell_quoted(command.path) + ") _s_below=" + shell_quoted(below) +
           " _s_options=" + shell_quoted(joined_names(command.options, any)) +
           "\n    _s_values=" + shell_quoted(joined_names(command.options, has_value)) +
           " _s_paths=" + shell_quoted(joined_names(command.options, has_path)) +
           " _s_words=" + shell_quoted(argument_kind(command)) + " ;;\n";
  }
  return out + "  esac\n}\n";
}

// Follows the words that stand before the one to complete: `_s_path` becomes the command's path,
// and `_s_kind` what is wanted next: value, path, rest (of `run --`) or word.
constexpr std::string_view kPosixWalk = R"(_sutler_walk() {
  local word skip=
  _s_path=sutler _s_kind=word
  _sutler_table "$_s_path"
  for word in "$@"; do
    if [ -n "$skip" ]; then skip=; _s_kind=word; continue; fi
    if [ "$word" = -- ]; then _s_kind=rest; return; fi
    case " $_s_values " in *" $word "*)
      skip=yes _s_kind=value
      case " $_s_paths " in *" $word "*) _s_kind=path ;; esac
      continue ;;
    esac
    case " $_s_below " in *" $word "*) _s_path="$_s_path $word"; _sutler_table "$_s_path" ;; esac
  done
}
)";

constexpr std::string_view kBash = R"(_sutler_files() {
  compopt -o filenames 2>/dev/null || true  # outside of a completion there is none
  mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
_sutler() {
  local _s_below _s_options _s_values _s_paths _s_words _s_path _s_kind
  local cur=${COMP_WORDS[COMP_CWORD]}
  _sutler_walk "${COMP_WORDS[@]:1:COMP_CWORD-1}"
  COMPREPLY=()
  case "$_s_kind" in
    value) return ;;
    path) _sutler_files; return ;;
    rest) mapfile -t COMPREPLY < <(compgen -c -- "$cur"); return ;;
  esac
  if [[ $cur == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$_s_options" -- "$cur")
  elif [ -n "$_s_below" ]; then
    mapfile -t COMPREPLY < <(compgen -W "$_s_below" -- "$cur")
  elif [ "$_s_words" = shells ]; then
    mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$cur")
  elif [ "$_s_words" = files ]; then
    _sutler_files
  fi
}
complete -F _sutler sutler
)";

constexpr std::string_view kZsh = R"(_sutler() {
  emulate -L zsh
  local _s_below _s_options _s_values _s_paths _s_words _s_path _s_kind
  _sutler_walk "${(@)words[2,CURRENT-1]}"
  case "$_s_kind" in
    value) return 1 ;;
    path) _files; return ;;
    rest) _command_names -e; return ;;
  esac
  if [[ $PREFIX == -* ]]; then
    compadd -- ${=_s_options}
  elif [[ -n $_s_below ]]; then
    local -a described
    _sutler_describe "$_s_path"
    _describe -t commands command described
  elif [[ $_s_words == shells ]]; then
    compadd bash zsh fish
  elif [[ $_s_words == files ]]; then
    _files
  fi
}
if [[ ${funcstack[1]-} == _sutler ]]; then _sutler "$@"; else compdef _sutler sutler; fi
)";

// `described`: name:purpose of each command below one.
std::string zsh_descriptions(const std::vector<ShellCommand>& commands) {
  std::string out = "_sutler_describe() {\n  described=()\n  case \"$1\" in\n";
  for (const ShellCommand& command : commands) {
    if (command.below.empty()) continue;
    out += "  " + shell_quoted(command.path) + ") described=(";
    for (const auto& [name, help] : command.below)
      out += "\n    " + shell_quoted(name + ":" + help);
    out += ") ;;\n";
  }
  return out + "  esac\n}\n";
}

constexpr std::string_view kFishWalk = R"(function __sutler_path
    set -l path sutler
    set -l skip
    for word in (commandline -opc)[2..-1]
        if test -n "$skip"
            set skip
            continue
        end
        if test "$word" = --
            echo rest
            return
        end
        if contains -- $word $__sutler_values
            set skip yes
        else if contains -- "$path $word" $__sutler_commands
            set path "$path $word"
        end
    end
    echo $path
end
function __sutler_at
    test (__sutler_path) = "$argv[1]"
end
complete -c sutler -f
)";

std::string fish_option(const std::string& at, const ShellOption& option) {
  std::string line = "complete -c sutler -n " + at;
  for (const std::string& name : option.names) {
    line += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  }
  if (!option.value.empty()) line += is_local_path(option.value) ? " -r -F" : " -x";
  return line + " -d " + fish_quoted(option.help) + "\n";
}

std::string fish_script(const std::vector<ShellCommand>& commands) {
  std::string paths = "set -g __sutler_commands", values = "set -g __sutler_values";
  std::string lines;
  for (const ShellCommand& command : commands) {
    paths += " " + fish_quoted(command.path);
    const std::string at = fish_quoted("__sutler_at \"" + command.path + "\"");
    for (const auto& [name, help] : command.below) {
      lines += "complete -c sutler -n " + at + " -a " + name + " -d " + fish_quoted(help) + "\n";
    }
    for (const ShellOption& option : command.options) {
      lines += fish_option(at, option);
      if (option.value.empty()) continue;
      for (const std::string& name : option.names) {
        if (!values.contains(" " + name + " ")) values += " " + name + " ";
      }
    }
    const std::string kind = argument_kind(command);
    if (kind == "files") lines += "complete -c sutler -n " + at + " -F\n";
    if (kind == "shells") lines += "complete -c sutler -n " + at + " -a 'bash zsh fish'\n";
  }
  return paths + "\n" + values + "\n" + std::string(kFishWalk) + lines;
}

}  // namespace

std::optional<std::string> completion_script(std::string_view shell,
                                             const std::vector<ShellCommand>& commands) {
  const std::string made = "# Made by `sutler completion " + std::string(shell) + "`.\n";
  if (shell == "fish") return made + fish_script(commands);
  const std::string table = posix_table(commands) + std::string(kPosixWalk);
  if (shell == "bash") return made + table + std::string(kBash);
  if (shell == "zsh") {
    return "#compdef sutler\n" + made + table + zsh_descriptions(commands) + std::string(kZsh);
  }
  return std::nullopt;
}

}  // namespace sutler::cli
