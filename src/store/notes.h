// Small texts kept as telemetry: sealed, so that the database neither reads nor forges them.
//
// Their key follows from the audit seed, which is a record of the store: changing the master key
// leaves them as they are. What the database loses or puts back to an older state is not noticed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/locked_bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hmac.h"
#include "store/backend/backend.h"

namespace sutler::store {

struct Note {
  std::string row;   // in the clear: no name of anything stands in it
  std::string text;  // empty: the note goes
};

// Thread-safe.
class Notes {
 public:
  // The backend must outlive it.
  Notes(Backend& backend, const base::Secret& audit_seed);

  [[nodiscard]] base::Result<void> put(const std::vector<Note>& notes) const;
  // All whose row starts with the prefix. What does not open is not ours and is left out.
  [[nodiscard]] base::Result<std::vector<Note>> read(const std::string& prefix) const;
  // 32 hex digits that stand for a name in a row.
  [[nodiscard]] std::string opaque(std::string_view name) const;

 private:
  Backend& backend_;
  base::LockedBytes root_;
  crypto::HmacKey names_;
};

}  // namespace sutler::store
