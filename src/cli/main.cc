#include <sys/prctl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/locked_bytes.h"
#include "cli/assignment.h"
#include "cli/program.h"

namespace {

// Out of core dumps and debuggers. What `run` starts must not inherit a core limit of 0, which a
// user could never raise again, so there it is done by the flag that execve(2) takes back.
void harden(const std::vector<std::string>& words) {
  if (std::find(words.begin(), words.end(), "run") == words.end()) {
    sutler::base::harden_process();
  } else {
    (void)::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  }
}

}  // namespace

int main(int count, char** arguments) {
  std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
  sutler::cli::hide_values(count, arguments);
  harden(words);
  return sutler::cli::run_program(std::move(words));
}
