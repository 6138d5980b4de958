// The tables of a PostgreSQL store, and how they came to be (docs/formats/postgres.md).
//
// All names begin with `sutler_`, in the schema that the connection's search_path puts first. Ids
// and keys are bytea, so that no collation of the database orders or compares them.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace sutler::store::postgres {

inline constexpr std::uint64_t kFormat = 2;

// What the only row of sutler_store says.
struct Meta {
  std::uint64_t format = 0;
  std::string store_id;  // 32 hex digits
  std::uint64_t revision = 0;
  std::uint64_t generation = 0;  // raised when all of it was put in anew
  bool filling = false;          // a migration into it is not finished
};

// kNotFound (`no_schema`): there are no such tables; kInvalid: they are of a newer sutler;
// kCorrupt.
[[nodiscard]] base::Result<Meta> read_meta(Connection& connection);
// Makes the tables of an empty store. kConflict: there are some.
[[nodiscard]] base::Result<void> create_tables(Connection& connection);
// Brings older tables up to date, in one transaction and by one node at a time; the others wait for
// it.
[[nodiscard]] base::Result<void> update_tables(Connection& connection);

// A transaction that is rolled back unless commit() was called.
class Transaction {
 public:
  // kWrite: the server ends what takes longer than we wait; kBulk: it does not; kSnapshot: reads
  // one state and writes nothing.
  enum class Kind { kWrite, kBulk, kSnapshot };
  [[nodiscard]] static base::Result<Transaction> begin(Connection& connection,
                                                       Kind kind = Kind::kWrite);
  Transaction(Transaction&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  [[nodiscard]] base::Result<void> commit();

 private:
  explicit Transaction(Connection& connection) : connection_(&connection) {}
  Connection* connection_;
};

// After a commit whose answer was lost: when this succeeds, that one is over, whichever way, and
// what can be read is safe, with the standbys that the server waits for too.
[[nodiscard]] base::Result<void> settle(Connection& connection);

}  // namespace sutler::store::postgres
