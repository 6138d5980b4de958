// What the config file says of a source of kind `exec`, and of any program that a source runs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "source/driver.h"
#include "source/format.h"

namespace sutler::source {

// One variable of a program's environment: exactly one of the three is given.
struct ProgramVariable {
  std::string name;
  base::Secret literal = {};             // inline: the reader of the config file asks for 0600
  std::string from_environment = {};     // a variable of the server, read at each run
  std::filesystem::path from_file = {};  // read at each run; one final newline goes
};

// 0 everywhere: not limited.
struct ProgramLimits {
  std::uint64_t memory_bytes_max = 4ULL << 30;  // RLIMIT_AS: address space, of which Go takes much
  std::uint64_t cpu_seconds_max = 60;           // RLIMIT_CPU
  std::uint64_t open_files_max = 1024;          // RLIMIT_NOFILE
  std::uint64_t processes_max = 0;  // RLIMIT_NPROC: counts all of the user, so use it with `user`
  std::uint64_t file_bytes_max = 64ULL << 20;  // RLIMIT_FSIZE: of a file that it writes
};

// A program, run without a shell. Its environment is PATH, HOME, LANG and `environment`, nothing
// else. It may never gain rights by a set-user-id file (no_new_privs), and dumps no core.
struct Program {
  // The words. The first is a path, or a name that is looked up once, in the server's PATH.
  std::vector<std::string> argv;
  std::vector<ProgramVariable> environment;
  std::filesystem::path folder = "/";  // where it runs
  // Runs as this user with its groups; only a server that may change users can. Empty: as the
  // server, which a server that is root refuses: there one writes `root` or, better, another.
  std::string user;
  ProgramLimits limits;
  // What it must not reach (the data directory): closed to it by Landlock where the kernel has it.
  // Set by the server, not by the config file.
  std::vector<std::filesystem::path> hidden;
};

struct ExecConfig {
  std::string name;  // of the source, for messages
  // `{ref}` in a word stands for the locator. No word has one: the locator is on stdin, without a
  // newline. Where a word begins with `{ref}` and no word before it is `--`, a locator that
  // begins with `-` is refused.
  Program program;
  Format format = Format::kRaw;  // kJson, kDotenv or kRaw; kByName is kRaw
  enum class FinalNewline { kKeep, kStrip };
  FinalNewline final_newline = FinalNewline::kKeep;  // of kRaw; kStrip: one goes if it is the only
  std::vector<int> missing_exit;  // exit statuses that mean: there is no such value
  std::vector<int> denied_exit;   // … it is not ours to read. Any other but 0: an outage
  std::size_t output_bytes_max = std::size_t{1} << 20;
  std::chrono::milliseconds time_max{10'000};  // of one run, within the deadline of the source
  // Run by `source check` instead of nothing, in the same way: exit 0 is good. May be empty.
  std::vector<std::string> check_argv;
};

// kInvalid, with a hint, for a config that can never work: no program, a program that is not
// there or that anybody may write, no such user.
[[nodiscard]] base::Result<void> check_exec_config(const ExecConfig& config);
// The same for the program alone; `where` starts the message ("source sops: decrypt").
[[nodiscard]] base::Result<void> check_program(const Program& program, std::string_view where);

// Does no I/O that can fail: what check_exec_config() would refuse gives outages.
[[nodiscard]] std::unique_ptr<Driver> make_exec(ExecConfig config);

}  // namespace sutler::source
