// Records to and from rows.
#pragma once

#include <span>
#include <vector>

#include "base/result.h"
#include "store/backend/backend.h"
#include "store/postgres/connection.h"

namespace sutler::store::postgres {

// Of a statement that selects the nine columns of a record. kCorrupt names table and key of a row
// with a column of another type, or of one that is too large (statements.h).
[[nodiscard]] base::Result<void> each_record(Connection& connection, const char* sql,
                                             const Values& values, const Backend::Visit& visit);

// Writes records with a statement that takes nine arrays, in pieces of a few megabytes; gives the
// number of rows that it changed.
[[nodiscard]] base::Result<std::uint64_t> put_records(Connection& connection, const char* sql,
                                                      std::span<const Record* const> records);

[[nodiscard]] base::Result<std::vector<KeyUse>> count_keys(Connection& connection);
[[nodiscard]] base::Result<std::vector<WrappedKey>> find_wrapped(Connection& connection,
                                                                 const std::string& other_than,
                                                                 std::size_t limit);
[[nodiscard]] base::Result<std::uint64_t> replace_wrapped(Connection& connection,
                                                          const std::vector<Rewrap>& batch);

// Upserts, and removes where the value is empty. Of a key that comes twice the last one counts.
[[nodiscard]] base::Result<void> put_telemetry(Connection& connection,
                                               const std::vector<Telemetry>& batch);
[[nodiscard]] base::Result<Telemetry> read_telemetry_row(const Row& row);
[[nodiscard]] base::Result<std::vector<Telemetry>> read_telemetry(Connection& connection,
                                                                  const char* sql,
                                                                  const Values& values);

// Everything, from the transaction's state.
[[nodiscard]] base::Result<void> dump_rows(Connection& connection, RowSink& sink);
// Into empty tables, inside a transaction.
[[nodiscard]] base::Result<void> fill_rows(Connection& connection, const Backend::Produce& produce);

}  // namespace sutler::store::postgres
