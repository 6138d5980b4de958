// Keeps the audit's last checkpoint in the store, so that a log cut off behind the server's back is
// noticed.
//
// The store is untrusted: the note carries a MAC under a key derived from the audit seed.
#pragma once

#include <string>

#include "audit/log.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "store/backend/backend.h"

namespace sutler::server {

class CheckpointKeeper {
 public:
  CheckpointKeeper(store::Backend& backend, const base::Secret& audit_seed);

  // The last one kept; nothing (seq 0) when there is none or it is not ours, which is logged.
  [[nodiscard]] audit::Position load();
  // Called from the audit's thread. A failure is logged; the next checkpoint tries again.
  void keep(const audit::Position& position);

 private:
  [[nodiscard]] std::string mac(const std::string& text) const;

  store::Backend& backend_;
  crypto::HmacKey key_;
};

}  // namespace sutler::server
