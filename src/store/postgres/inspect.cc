#include "store/postgres/inspect.h"

#include "store/postgres/connection.h"
#include "store/postgres/statements.h"

namespace sutler::store {

using base::Result;

Result<DatabaseFacts> inspect_database(const Dsn& dsn, postgres::Ending ending) {
  auto connection = postgres::Connection::open(dsn, std::move(ending));
  if (!connection) return pass(connection);
  DatabaseFacts facts;
  auto read = connection->each(postgres::kInspect, {}, [&](const postgres::Row& row) {
    const auto text = [&](int column) { return std::string(row.bytes(column).value_or("")); };
    facts.version = text(0);
    facts.synchronous_commit = text(1);
    facts.standby_names = text(2);
    facts.syncs_its_disk = text(3) != "off";
    facts.standbys = row.number(4).value_or(0);
    facts.synchronous = row.number(5).value_or(0);
    return Result<void>();
  });
  if (!read) return pass(read);
  return facts;
}

}  // namespace sutler::store
