// Making a connection without a call that blocks: neither a name service nor a server that does not
// answer holds anybody up for longer than he agreed to.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/postgres/dsn.h"

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;

namespace sutler::store::postgres {

using Ending = std::shared_ptr<const std::atomic<bool>>;

struct Finish {
  void operator()(PGconn* connection) const;
};
using Handle = std::unique_ptr<PGconn, Finish>;

// A host of the DSN, and where it is.
struct Place {
  std::string host;
  std::string address;  // empty: libpq finds it without a name service (a socket, an address)
  std::string port;
};
// In the order in which they are to be tried. A host with several addresses becomes several places;
// of one whose name is not found, or not within `connect_timeout`, `failures` tells in a line.
[[nodiscard]] std::vector<Place> find_places(const Dsn& dsn, const Ending& ending,
                                             std::string& failures);

// Tries one place after the other, each for at most `connect_timeout`; once `ending` is true, for
// at most a second. Warnings of the server are counted, those of the beginning too, and never
// reach the standard error. kUnavailable (`database_unreachable`) with what each said.
[[nodiscard]] base::Result<Handle> connect(const Dsn& dsn, const Ending& ending,
                                           std::uint64_t& warnings);

}  // namespace sutler::store::postgres
