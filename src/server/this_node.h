// Who this server is among the nodes of its store.
#pragma once

#include <filesystem>
#include <string>

#include "base/secret.h"
#include "store/store.h"

namespace sutler::server {

struct ThisNode {
  std::string host;
  std::string id;  // follows from the host's name and the data directory
  // What its telemetry is told by from that of other nodes: its id, or nothing where no other
  // process can have the store, so that a host may be renamed.
  std::string telemetry;
};

// `seed` is the audit's.
[[nodiscard]] ThisNode this_node(store::Store& store, const base::Secret& seed,
                                 const std::filesystem::path& data_dir);

}  // namespace sutler::server
