// A Program of the config file, made ready once, run often.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "source/exec/child.h"
#include "source/exec/config.h"

namespace sutler::source {

class RunnableProgram {
 public:
  // Looks the program and the user up. kInvalid with a hint; `where` starts the message.
  [[nodiscard]] static base::Result<RunnableProgram> make(Program program, std::string_view where);

  // Runs it with `argv` in the place of its words: the first is taken for the program itself.
  [[nodiscard]] Answer<ChildEnd> run(std::vector<std::string> argv, std::string_view input,
                                     std::size_t output_bytes_max, Deadline deadline) const;

  [[nodiscard]] const Program& program() const { return program_; }
  // "runs /usr/bin/op as user secrets; the data directory is closed to it (Landlock 7)".
  [[nodiscard]] std::string describe() const;

 private:
  RunnableProgram() = default;
  Program program_;
  std::string path_;  // of the file
  std::string home_;
  std::optional<ChildUser> user_;
};

// Runs a command of the config file for a credential: as the server itself, with PATH, HOME and
// LANG, by the limits above and 64 KiB of output; `hidden` as in Program. An exit that is not 0 is
// kUnavailable. The messages name the program, no argument and nothing that it printed.
[[nodiscard]] std::function<base::Result<base::Secret>(const std::vector<std::string>& argv,
                                                       Deadline deadline)>
make_command_runner(std::vector<std::filesystem::path> hidden);

}  // namespace sutler::source
