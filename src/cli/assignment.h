// `KEY=VALUE` on the command line, in the forms that keep values out of it:
//
//   KEY=TEXT    the text (may hold further `=`, may be empty)
//   KEY=-       from standard input; one key at most
//   KEY=@FILE   from a file
//   KEY==TEXT   the text after the second `=`, whatever it starts with
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::cli {

struct Assignment {
  enum class Source { kText, kStandardInput, kFile };
  std::string name;
  Source source = Source::kText;
  base::Secret text;  // kText: the value; kFile: the path
};

// Reads nothing yet. Usage errors name the key, or the position of a word that has none; a word
// that may be a value is never quoted. Also refused: a name that no variable can have, one given
// twice, two `KEY=-`.
[[nodiscard]] base::Result<std::vector<Assignment>> parse_assignments(
    const std::vector<std::string>& words);

struct NamedValue {
  std::string name;
  base::Secret value;
};

// Reads what `-` and `@FILE` stand for, less one final newline if it is the only one. kInvalid
// names the key: no such file, text that is no UTF-8; kTooLarge: over what an environment can hold.
[[nodiscard]] base::Result<std::vector<NamedValue>> read_assignments(
    std::vector<Assignment> assignments);

// Overwrites the values in the arguments of this process, so that they do not stand in the process
// list while the command runs: `set g KEY=hunter2` becomes `set g KEY=*******`.
void hide_values(int count, char** arguments);

}  // namespace sutler::cli
