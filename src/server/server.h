// The server process: wires the rooms together, then waits for signals.
#pragma once

#include "base/result.h"
#include "server/options.h"

namespace sutler::server {

// Runs until SIGTERM or SIGINT and a drain. Prints one JSON line to stdout when it serves. SIGHUP
// reads the certificates again. An error: it could not start.
[[nodiscard]] base::Result<void> run(const Options& options);

}  // namespace sutler::server
