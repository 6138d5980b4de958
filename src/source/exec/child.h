// One run of another program: no shell, nothing of ours inherited, ended by its deadline together
// with whatever it started.
#pragma once

#include <sys/types.h>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "source/driver.h"
#include "source/exec/config.h"

namespace sutler::source {

struct ChildUser {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

struct Child {
  std::vector<std::string> argv;          // the first: the path of the program
  std::vector<base::Secret> environment;  // `NAME=value`, and nothing else
  std::filesystem::path folder = "/";
  std::optional<ChildUser> user;  // none: as we are
  ProgramLimits limits;
  std::vector<std::filesystem::path> hidden;  // closed to it by Landlock (landlock.h)
  std::string_view input;  // its stdin, a file that it may read or not; lives through the call
  std::size_t output_bytes_max = std::size_t{1} << 20;
};

struct ChildEnd {
  base::Secret output;          // what it wrote to stdout
  std::size_t error_bytes = 0;  // what it wrote to stderr is counted and dropped
  int exit_status = 0;
  int signal = 0;  // not 0: ended by it
};

// "ended with exit status 3 (it wrote 40 bytes to stderr, which are not shown)", "was ended by
// signal 9"; empty: it ended with exit status 0.
[[nodiscard]] std::string fault_of(const ChildEnd& end);

// Runs it. The program is a session of its own; all of its process group is killed when the
// program itself ends, when the deadline passes or its output is too long, and is reaped. What a
// process that it left behind would print afterwards is not waited for. Nothing is left open.
// Thread-safe. The Failure (always kOutage) names the program's file and the step or the limit,
// never an argument and nothing that was printed. An exit that is not 0 is no Failure here.
[[nodiscard]] Answer<ChildEnd> run_child(const Child& child, Deadline deadline);

}  // namespace sutler::source
