// What looks after the store of a running server: its node's note, master keys that change,
// rotation, backups, when signing keys were used, and the record of a restore.
#pragma once

#include "admin/context.h"
#include "audit/log.h"
#include "base/clock.h"
#include "provider/key_use.h"
#include "registry/peers.h"
#include "server/data_dir.h"
#include "server/key_times.h"
#include "server/options.h"
#include "server/this_node.h"
#include "store/backups.h"
#include "store/leases.h"
#include "store/nodes.h"
#include "store/notes.h"
#include "store/rewrap.h"
#include "store/store.h"

namespace sutler::server {

class Upkeep {
 public:
  // All must outlive it. `seed` is the audit's.
  Upkeep(const Options& options, const DataDir& dir, store::Store& store, audit::Log& audit,
         const base::Clock& clock, const base::Secret& seed, const ThisNode& node);

  // Before anything is served: the record of a restore, and a rotation that was interrupted.
  [[nodiscard]] base::Result<void> start();
  // About once a second.
  void tick(provider::KeyUse& use);
  // The list of master keys as the config file has it now; what is wrong with it is logged, and the
  // keys stay what they were.
  void reload_master_keys();
  void stop(provider::KeyUse& use);

  // For the control plane; valid as long as this.
  [[nodiscard]] admin::Background background();
  [[nodiscard]] const store::Backups& backups() const { return backups_; }
  // A text that changes with the master keys and with a rotation. Asks the store.
  [[nodiscard]] std::string master_key_state() const;
  // For other work that one node at a time does.
  [[nodiscard]] store::Leases& leases() { return leases_; }
  [[nodiscard]] registry::PeerOptions peers();

 private:
  [[nodiscard]] base::Result<void> change_master_keys();
  void record(const audit::Event& event);
  void rotation_ended(const store::RotationStatus& status);
  void backup_done(store::Backups::Why why, const base::Result<store::WrittenBackup>& result);

  const Options& options_;
  const DataDir& dir_;
  store::Store& store_;
  audit::Log& audit_;
  const base::Clock& clock_;
  store::Notes notes_;
  const std::string telemetry_node_;
  store::Nodes nodes_;
  store::Leases leases_;
  KeyTimes key_times_;
  store::Rotation rotation_;
  store::Backups backups_;
  bool announced_ = true;
  bool restore_told_ = false;
  base::UnixTime looked_{};  // for a rotation to go on with
};

}  // namespace sutler::server
