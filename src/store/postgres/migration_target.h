// A PostgreSQL database that a store is moved into.
#pragma once

#include <memory>

#include "base/result.h"
#include "store/migration.h"
#include "store/postgres/dsn.h"

namespace sutler::store {

// Makes the tables where there are none. Errors as open_postgres(). A transaction pooler may sit in
// between; until finish() every node refuses the database.
[[nodiscard]] base::Result<std::unique_ptr<MigrationTarget>> open_migration_target(const Dsn& dsn);

}  // namespace sutler::store
