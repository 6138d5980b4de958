// The workload registry of a running server: the memory, its rows in the store, its thread.
#pragma once

#include <memory>

#include "audit/log.h"
#include "base/result.h"
#include "registry/keeper.h"
#include "registry/registry.h"
#include "registry/row_codec.h"
#include "store/store.h"

namespace sutler::server {

class Workloads {
 public:
  // Loads what the store has, of other nodes too. All must outlive it.
  [[nodiscard]] static base::Result<std::unique_ptr<Workloads>> open(
      store::Store& store, audit::Log& audit, const registry::Options& options,
      const registry::PeerOptions& peers);

  [[nodiscard]] registry::Registry& registry() { return registry_; }
  void start() { keeper_.start(); }
  void stop() { keeper_.stop(); }

 private:
  Workloads(store::Store& store, audit::Log& audit, const registry::Options& options,
            const registry::PeerOptions& peers, const base::Secret& seed);

  registry::RowCodec codec_;
  registry::Registry registry_;
  registry::Keeper keeper_;
};

}  // namespace sutler::server
