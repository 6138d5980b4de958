// A sealed copy of a shared store on a node's own disk, to start from while the database is away.
//
// It is a store's SQLite file like any other, with the current records and no history: whoever has
// it needs the master key as well. What was committed after it was written is missing in it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "crypto/master_key.h"
#include "store/backend/backend.h"

namespace sutler::store {

struct CopyPlace {
  std::filesystem::path file;
  std::string of;  // which database it is a copy of, as it is shown
};

struct CopyOrder {
  std::uint64_t revision = 0;               // that it has to be of, or a later one
  std::function<bool()> give_up = nullptr;  // asked at every row; may be empty
};

// Writes all of it anew, opens it with the keys, and puts it in the place of the one before,
// durable when it returns. kCorrupt: what the database gave does not open or is older than it has
// to be; kUnavailable: it was given up. The copy before stays then.
[[nodiscard]] base::Result<void> write_local_copy(
    Backend& from, const CopyPlace& place, const std::shared_ptr<const crypto::MasterKeys>& keys,
    const CopyOrder& order);

// A backend for a database that could not be reached at the start: it reads from the copy and
// refuses to write (kDatabaseUnreachable) until wait() has reached the database with `open`; from
// then on it is that database. A database that holds another store than the copy is refused
// (kCorrupt), and so is a copy of another database (kRefused).
using OpenBackend = std::function<base::Result<std::unique_ptr<Backend>>()>;
[[nodiscard]] base::Result<std::unique_ptr<Backend>> start_from_copy(const CopyPlace& place,
                                                                     OpenBackend open);

}  // namespace sutler::store
