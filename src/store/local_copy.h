// A sealed copy of a shared store on a node's own disk, to start from while the database is away.
//
// It is a store's SQLite file like any other, with the current records and no history: whoever has
// it needs the master key as well. What was committed after it was written is missing in it.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/result.h"
#include "store/backend/backend.h"

namespace sutler::store {

// Writes all of it anew and puts it in the place of the one before, durable when it returns.
[[nodiscard]] base::Result<void> write_local_copy(Backend& from, const std::filesystem::path& file);

// A backend for a database that could not be reached at the start: it reads from the copy and
// refuses to write (kDatabaseUnreachable) until wait() has reached the database with `open`; from
// then on it is that database. A database that holds another store than the copy is refused.
using OpenBackend = std::function<base::Result<std::unique_ptr<Backend>>()>;
[[nodiscard]] base::Result<std::unique_ptr<Backend>> start_from_copy(
    const std::filesystem::path& file, OpenBackend open);

}  // namespace sutler::store
