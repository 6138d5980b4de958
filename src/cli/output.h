// The command's voice.
//
// * Results go to stdout, everything else to stderr. A command that has nothing to show is silent
// there.
// * `error: ` is one sentence that names the thing and the place, without a final full stop; `hint:
// ` is what to
//   do about it; `warning: ` and `note: ` are for what succeeded all the same. Small letters, no
//   exclamation.
// * Names are quoted as they are, with control characters made visible; values never appear in an
// error, and
//   in a result only where --reveal asks for them.
// * A table is for people: aligned columns, two spaces between them, headings in capitals, no
// colours.
//   --json prints one JSON document and is for programs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sutler::cli {

// What stands in a table for a value that is not shown.
inline constexpr std::string_view kMask = "********";

// Error::name of a command line that was used wrongly.
inline constexpr std::string_view kUsage = "usage";

[[nodiscard]] base::Unexpected usage_error(std::string message, std::string hint = {});

// 0 is done; 1 failed, 2 wrong usage, 3 not found, 4 refused, 5 unreachable, 6 conflict.
[[nodiscard]] int exit_status(const base::Error& error);

// Writes the text and a newline to stdout; an error when it cannot be written (a full disk behind
// `>`).
[[nodiscard]] base::Result<void> print_line(std::string_view text);

void print_error(const base::Error& error);  // the error and its hint
void print_warning(std::string_view text);
void print_note(std::string_view text);

// The text in one line: control characters as `\n`, `\t` or `\x1b`, bytes that are no UTF-8 as
// `\xff`.
[[nodiscard]] std::string printable(std::string_view text);

// "1 group", "3 groups".
[[nodiscard]] std::string counted(std::size_t count, std::string_view thing);
[[nodiscard]] std::string joined(const std::vector<std::string>& parts, std::string_view between);

class Table {
 public:
  explicit Table(std::vector<std::string> headings);
  // One cell per heading. Cells are made printable here.
  void add(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.size() == 1; }
  // All lines, without the last newline and without spaces at line ends.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace sutler::cli
