// What `sutler doctor` looks at. Each check says how it is and, where it is not well, the way out.
#pragma once

#include <string>
#include <vector>

#include "admin/checks.h"
#include "cli/command.h"
#include "cli/token_options.h"
#include "server/options.h"

namespace sutler::cli {

struct Diagnosis {
  std::string name;
  admin::CheckState state = admin::CheckState::kOk;
  std::string detail;
  std::string way_out = {};
};

struct DoctorInput {
  const Context& context;
  const server::Options& options;
  std::string provider_url;   // empty: as the running server says, else from the settings
  const TokenOptions* token;  // null: no fetch with a signing key
};

// All of them, in the order in which they are best read. Nothing is changed, but that a server
// which is down leaves its lock for a moment.
[[nodiscard]] std::vector<Diagnosis> diagnose(const DoctorInput& input);

}  // namespace sutler::cli
