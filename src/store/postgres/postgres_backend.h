// The backend for several nodes: a PostgreSQL database, or what speaks as one.
#pragma once

#include <atomic>
#include <memory>

#include "base/result.h"
#include "store/backend/backend.h"
#include "store/postgres/dsn.h"

namespace sutler::store {

enum class PostgresOpen { kExisting, kCreate };

// kCreate makes the tables where there are none. kExisting brings older tables up to date;
// kNotFound
// (`no_schema`) when there are none, kInvalid when they are of a newer sutler or a migration into
// them is not finished, kUnavailable (`database_unreachable`) when the database cannot be reached.
//
// Any number of nodes may have one database open. A commit is a compare-and-set of the revision; it
// wakes the others by NOTIFY, and they look every half second in any case. Nothing is done in the
// session of a connection, so that a pooler may sit in between.
// Once `ending` is true nothing waits for the database for longer than a second.
[[nodiscard]] base::Result<std::unique_ptr<Backend>> open_postgres(
    const Dsn& dsn, PostgresOpen mode, std::shared_ptr<const std::atomic<bool>> ending = {});

}  // namespace sutler::store
