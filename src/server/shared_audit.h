// The audit of a store that several nodes serve: this node's lines are copied to the store, and the
// records of all nodes can be read from there.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "admin/audit_rows.h"
#include "admin/context.h"
#include "audit/log.h"
#include "audit/merged.h"
#include "audit/shipper.h"
#include "base/clock.h"
#include "base/secret.h"
#include "store/store.h"

namespace sutler::server {

class SharedAudit {
 public:
  struct Self {
    std::string id;    // of this node; a log that names another one already stays that one's
    std::string name;  // of its host
  };
  // All must outlive it. Sets Options::node.
  SharedAudit(store::Store& store, const base::Secret& audit_seed, audit::Options& log, Self self,
              const base::Clock& clock);

  // The last line that is known to have been there, for Log::open(): that checkpoint, or what the
  // store has of this node where that is more.
  [[nodiscard]] audit::Position known(audit::Position kept);
  // A checkpoint of the log has reached the disk. Returns at once.
  void reached(const audit::Position& checkpoint) { shipper_.reached(checkpoint); }
  // From now on until what this returns is gone, the log is used. It must go before the log.
  [[nodiscard]] std::shared_ptr<void> attach(audit::Log& log);

  void add_to(admin::Background& background);
  [[nodiscard]] audit::ShipStats stats() const { return shipper_.stats(); }

 private:
  admin::AuditRows rows_;
  audit::ChunkTable table_;
  audit::Shipper shipper_;
  std::atomic<audit::Log*> log_ = nullptr;
  audit::MergedLog merged_;
};

}  // namespace sutler::server
