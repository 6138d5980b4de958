// Sessions as sealed notes in the store, so that each node behind a load balancer knows those that
// began on another (docs/adr/0034-sessions-of-several-nodes.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "store/notes.h"

namespace sutler::admin {

inline constexpr std::string_view kSessionRows = "session/";

struct Session {
  std::string operator_name;
  std::string token_id;  // of the token that it began with; empty: the owner token
  base::UnixTime created;
  base::UnixTime last_used;
};

// Thread-safe. The backend must outlive it.
class SessionRows {
 public:
  SessionRows(store::Backend& backend, const base::Secret& audit_seed);

  // An id as every node can check it without the store, so that made-up ones cost no query.
  [[nodiscard]] std::string new_id() const;
  [[nodiscard]] bool is_well_made(std::string_view id) const;
  // The key of the tokens against cross-site requests, the same on each node.
  [[nodiscard]] const base::LockedBytes& csrf_key() const { return csrf_key_; }

  struct Kept {
    std::string row;
    Session session;
  };
  // By the digest of the id. Nothing: there is none, or no more.
  [[nodiscard]] base::Result<std::optional<Session>> read(const crypto::Digest& digest) const;
  [[nodiscard]] base::Result<std::vector<Kept>> read_all() const;
  [[nodiscard]] base::Result<void> put(const crypto::Digest& digest, const Session& session) const;
  [[nodiscard]] base::Result<void> drop(const std::vector<std::string>& rows) const;
  [[nodiscard]] static std::string row_of(const crypto::Digest& digest);

 private:
  const store::Notes notes_;
  crypto::HmacKey ids_;
  base::LockedBytes csrf_key_;
};

}  // namespace sutler::admin
