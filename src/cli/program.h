// The command line from its words to its exit status.
#pragma once

#include <string>
#include <vector>

namespace sutler::cli {

// The words after the program's name.
[[nodiscard]] int run_program(std::vector<std::string> words);

}  // namespace sutler::cli
