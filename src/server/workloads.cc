#include "server/workloads.h"

namespace sutler::server {

namespace {

registry::Options of_node(registry::Options options, const registry::PeerOptions& peers) {
  options.node = peers.node;
  return options;
}

}  // namespace

Workloads::Workloads(store::Store& store, audit::Log& audit, const registry::Options& options,
                     const registry::PeerOptions& peers, const base::Secret& seed)
    : codec_(seed),
      registry_(of_node(options, peers), codec_.digest_key()),
      keeper_(registry_, codec_, store.backend(), audit, {.peers = peers}) {}

base::Result<std::unique_ptr<Workloads>> Workloads::open(store::Store& store, audit::Log& audit,
                                                         const registry::Options& options,
                                                         const registry::PeerOptions& peers) {
  auto seed = store.audit_seed();
  if (!seed) return pass(seed);
  std::unique_ptr<Workloads> made(new Workloads(store, audit, options, peers, *seed));
  auto loaded = made->keeper_.load();
  if (!loaded) return pass(loaded, "workload registry");
  return made;
}

}  // namespace sutler::server
