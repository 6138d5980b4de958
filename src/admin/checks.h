// Named checks of a running server: what `/readyz?verbose` tells.
#pragma once

#include <string>
#include <vector>

namespace sutler::admin {

enum class CheckState { kOk, kWarn, kFail };

struct Check {
  std::string name;  // store, audit, disk, …
  CheckState state = CheckState::kOk;
  std::string detail;  // a sentence without names of files or keys; empty: nothing to say
};

// False as soon as one fails.
[[nodiscard]] inline bool all_pass(const std::vector<Check>& checks) {
  for (const Check& check : checks) {
    if (check.state == CheckState::kFail) return false;
  }
  return true;
}

}  // namespace sutler::admin
