// The server process: wires the rooms together, then waits for signals.
#pragma once

#include "base/result.h"
#include "server/options.h"

namespace sutler::server {

// Runs until SIGTERM or SIGINT and a drain; a second such signal ends the drain at once, which is
// an error (exit status 1), as is that it could not start. Prints one JSON line to stdout when it
// serves. SIGHUP reads the certificates again.
[[nodiscard]] base::Result<void> run(const Options& options);

}  // namespace sutler::server
