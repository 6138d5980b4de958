// Starting a child: what happens between clone(2) and execve(2). Internal to exec.
#pragma once

#include <sys/types.h>

#include <expected>

#include "base/file.h"
#include "source/exec/child.h"

namespace sutler::source {

// A child and our ends of its pipes, non-blocking.
struct Spawned {
  pid_t pid = -1;
  base::FileDescriptor out, err;
  // Gives a SpawnFault when the child could not become the program; else it ends empty.
  base::FileDescriptor fault;
};

enum class SpawnStep : int {
  kSession,
  kLimits,
  kUser,
  kPrivileges,
  kLandlock,
  kFolder,
  kFiles,
  kProgram,
};

struct SpawnFault {
  SpawnStep step = SpawnStep::kProgram;
  int error = 0;
};

// "cannot change its user: Operation not permitted" and the like.
[[nodiscard]] std::string explain(const SpawnFault& fault);

[[nodiscard]] base::Result<Spawned> spawn(const Child& child);

}  // namespace sutler::source
