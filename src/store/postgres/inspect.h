// What the operator of a shared store should know about its database. Changes nothing.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/postgres/connect.h"
#include "store/postgres/dsn.h"

namespace sutler::store {

struct DatabaseFacts {
  std::string version;             // "15.18 (Debian …)"
  std::string synchronous_commit;  // "on"
  std::string standby_names;       // synchronous_standby_names; empty: no standby is waited for
  bool syncs_its_disk = true;      // fsync
  std::uint64_t standbys = 0;      // that take changes now
  std::uint64_t synchronous = 0;   // of them, those that are or may be waited for
};

// As open_postgres(). An engine that is not PostgreSQL may answer kInternal.
[[nodiscard]] base::Result<DatabaseFacts> inspect_database(const Dsn& dsn,
                                                           postgres::Ending ending = {});

}  // namespace sutler::store
