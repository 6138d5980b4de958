// Keeps the audit's last checkpoint in the store, so that a log cut off behind the server's back is
// noticed.
//
// A thread of its own writes the notes: a database that is locked for seconds must not keep the
// audit's thread from syncing its file. What comes while it writes waits, only the newest.
//
// The store is untrusted: the note carries a MAC under a key derived from the audit seed. Each node
// has an audit log of its own, and so a note of its own.
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "audit/log.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "store/backend/backend.h"

namespace sutler::server {

class CheckpointKeeper {
 public:
  // `node` as ThisNode::telemetry.
  CheckpointKeeper(store::Backend& backend, const base::Secret& audit_seed, std::string node = {});
  ~CheckpointKeeper();  // writes what waits
  CheckpointKeeper(const CheckpointKeeper&) = delete;
  CheckpointKeeper& operator=(const CheckpointKeeper&) = delete;

  // The last one kept; nothing (seq 0) when there is none or it is not ours, which is logged.
  [[nodiscard]] audit::Position load();
  // Returns at once, on whatever thread. A failure is logged; the next checkpoint tries again.
  void keep(const audit::Position& position);

 private:
  [[nodiscard]] std::string mac(const std::string& text) const;
  void run();
  void write(const audit::Position& position);

  store::Backend& backend_;
  const std::string node_;
  const std::string row_;
  crypto::HmacKey key_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<audit::Position> waiting_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace sutler::server
