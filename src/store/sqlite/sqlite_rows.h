// Whole-store work on the tables: what data keys are wrapped by, replacing those, reading
// telemetry, and copying everything out and in. Each within the transaction that the caller has
// begun.
#pragma once

#include <vector>

#include "store/backend/backend.h"
#include "store/sqlite/sqlite_handles.h"

namespace sutler::store::sqlite {

[[nodiscard]] base::Result<std::vector<KeyUse>> count_keys(Connection& connection);

[[nodiscard]] base::Result<std::vector<WrappedKey>> find_wrapped(Connection& connection,
                                                                 const std::string& other_than,
                                                                 std::size_t limit);

[[nodiscard]] base::Result<void> replace_wrapped(Connection& connection,
                                                 const std::vector<Rewrap>& batch,
                                                 std::uint64_t& replaced);

// What the statement, whose columns are key and value, gives to its end.
[[nodiscard]] base::Result<std::vector<Telemetry>> take_telemetry(Statement& rows);

[[nodiscard]] base::Result<std::vector<Telemetry>> telemetry_between(Connection& connection,
                                                                     const TelemetryRange& range);

[[nodiscard]] base::Result<void> dump_rows(Connection& connection, RowSink& sink);

[[nodiscard]] base::Result<void> fill_rows(Connection& connection, const Backend::Produce& produce);

}  // namespace sutler::store::sqlite
