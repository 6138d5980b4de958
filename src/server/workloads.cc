#include "server/workloads.h"

namespace sutler::server {

Workloads::Workloads(store::Store& store, audit::Log& audit, const registry::Options& options,
                     const base::Secret& seed)
    : codec_(seed),
      registry_(options, codec_.digest_key()),
      keeper_(registry_, codec_, store.backend(), audit) {}

base::Result<std::unique_ptr<Workloads>> Workloads::open(store::Store& store, audit::Log& audit,
                                                         const registry::Options& options) {
  auto seed = store.audit_seed();
  if (!seed) return pass(seed);
  std::unique_ptr<Workloads> made(new Workloads(store, audit, options, *seed));
  auto loaded = made->keeper_.load();
  if (!loaded) return pass(loaded, "workload registry");
  return made;
}

}  // namespace sutler::server
