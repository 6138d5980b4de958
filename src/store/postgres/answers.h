// What PostgreSQL says, in our words.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "store/postgres/dsn.h"

namespace sutler::store::postgres {

// Of a statement. `state`: the SQLSTATE (PostgreSQL 15, appendix A), five characters; `message`:
// the primary message, which names tables and roles but no content of rows.
[[nodiscard]] base::Error error_of(std::string_view state, std::string_view message);

// After these states the connection is of no use: the server stops, or is no longer the one that
// takes writes.
[[nodiscard]] bool ends_connection(std::string_view state);

// Of a connection that was not made; `message` as libpq has it.
[[nodiscard]] base::Unexpected fail_connect(const Dsn& dsn, std::string_view message);

[[nodiscard]] std::string first_line(std::string_view text);

}  // namespace sutler::store::postgres
