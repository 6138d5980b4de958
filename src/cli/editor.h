// Running the editor of the user, and surviving whatever happens meanwhile.
#pragma once

#include <csignal>
#include <filesystem>
#include <string>

#include "base/result.h"

namespace sutler::cli {

// While it lives, signals that would end the process wait: what has to be taken away is taken away
// first. Ctrl-C is the editor's.
class HeldSignals {
 public:
  HeldSignals();
  HeldSignals(const HeldSignals&) = delete;
  HeldSignals& operator=(const HeldSignals&) = delete;
  ~HeldSignals();  // what came meanwhile ends the process now

  [[nodiscard]] const sigset_t& before() const { return before_; }

 private:
  sigset_t before_;
};

// $VISUAL, else $EDITOR, else vi; as a line of the shell, with the file as its last word.
[[nodiscard]] std::string editor_command();

// Returns when the editor has ended. kInvalid: it failed or cannot be run; kUnavailable: SIGTERM or
// SIGHUP came, and the editor was told to end, too.
[[nodiscard]] base::Result<void> run_editor(const std::filesystem::path& file,
                                            const HeldSignals& signals);

// Asks on the terminal; "no" where there is none.
enum class Answer { kNo, kYes };
[[nodiscard]] Answer ask_on_terminal(const std::string& question);

}  // namespace sutler::cli
