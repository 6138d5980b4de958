// --project, --object and --type: the workload that a command is about.
#pragma once

#include <string>

#include "cli/command.h"

namespace sutler::cli {

struct WorkloadOptions {
  std::string project;
  std::string object;
  std::string type;
};

// All three are required.
void add_workload_options(CLI::App& command, WorkloadOptions& options);

enum class Reveal { kNo, kYes };

// The body that `explain` and `bundle` of the admin API take.
[[nodiscard]] std::string workload_body(const WorkloadOptions& options, Reveal reveal);

}  // namespace sutler::cli
