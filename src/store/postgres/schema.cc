#include "store/postgres/schema.h"

#include <span>

#include "base/encoding.h"
#include "crypto/random.h"

namespace sutler::store::postgres {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kStoreIdBytes = 16;

constexpr char kCreateStore[] =
    "CREATE TABLE sutler_store (one bigint PRIMARY KEY CHECK (one = 1), format bigint NOT NULL, "
    "store_id bytea NOT NULL, revision bigint NOT NULL, generation bigint NOT NULL, "
    "filling boolean NOT NULL)";
constexpr char kInsertStore[] = "INSERT INTO sutler_store VALUES (1, $1, $2, 0, 1, false)";
constexpr char kSelectStore[] =
    "SELECT format, store_id, revision, generation, filling FROM sutler_store WHERE one = 1";
constexpr char kLockStore[] = "SELECT format FROM sutler_store WHERE one = 1 FOR UPDATE";
constexpr char kSetFormat[] = "UPDATE sutler_store SET format = $1 WHERE one = 1";

// A little less than we wait ourselves: what we gave up must not stay behind in the server.
constexpr char kLimitTransaction[] =
    "SELECT set_config('idle_in_transaction_session_timeout', '5000', true), "
    "set_config('lock_timeout', '4000', true), set_config('statement_timeout', '4500', true)";
constexpr char kLimitBulk[] =
    "SELECT set_config('idle_in_transaction_session_timeout', '60000', true)";

constexpr const char* kToFormat1[] = {
    "CREATE TABLE sutler_record (kind bytea NOT NULL, id bytea NOT NULL, version bigint NOT NULL, "
    "revision bigint NOT NULL, deleted boolean NOT NULL, key_id bytea NOT NULL, "
    "wrapped bytea NOT NULL, header bytea NOT NULL, body bytea NOT NULL, PRIMARY KEY (kind, id))",
    "CREATE INDEX sutler_record_revision ON sutler_record (revision)",
    "CREATE TABLE sutler_history (kind bytea NOT NULL, id bytea NOT NULL, version bigint NOT NULL, "
    "revision bigint NOT NULL, deleted boolean NOT NULL, key_id bytea NOT NULL, "
    "wrapped bytea NOT NULL, header bytea NOT NULL, body bytea NOT NULL, "
    "PRIMARY KEY (kind, id, version))",
    "CREATE INDEX sutler_history_revision ON sutler_history (revision)",
    "CREATE TABLE sutler_telemetry (key bytea PRIMARY KEY, value bytea NOT NULL)",
};
constexpr const char* kToFormat2[] = {
    "CREATE TABLE sutler_lease (name bytea PRIMARY KEY, holder bytea NOT NULL, "
    "until timestamp with time zone NOT NULL)",
};
constexpr std::span<const char* const> kSteps[] = {kToFormat1, kToFormat2};
static_assert(std::size(kSteps) == kFormat);

Result<void> take_steps(Connection& connection, std::uint64_t from) {
  for (std::uint64_t format = from; format < kFormat; ++format) {
    for (const char* sql : kSteps[format]) {
      if (auto done = connection.run(sql); !done) return pass(done);
    }
  }
  auto set = connection.run(kSetFormat, Values().number(kFormat));
  if (!set) return pass(set);
  return {};
}

}  // namespace

Result<Transaction> Transaction::begin(Connection& connection, Kind kind) {
  auto begun = connection.run(
      kind != Kind::kSnapshot ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (!begun) return pass(begun);
  Transaction out(connection);
  if (kind == Kind::kSnapshot) return out;
  // A node that is frozen in the middle must not hold the others up. For this transaction only: a
  // pooler may give the next one another server.
  auto limited = connection.run(kind == Kind::kBulk ? kLimitBulk : kLimitTransaction);
  if (!limited) return pass(limited);
  return out;
}

Transaction::~Transaction() {
  if (connection_ != nullptr && !connection_->is_broken()) (void)connection_->run("ROLLBACK");
}

// A conflict is the only refusal after which it is sure that nothing was written. A warning says
// that the wait for a synchronous standby was given up.
Result<void> Transaction::commit() {
  Connection& connection = *std::exchange(connection_, nullptr);
  const std::uint64_t warnings = connection.warnings();
  auto done = connection.run("COMMIT");
  if (done && connection.warnings() == warnings) return {};
  if (!done && (done.error().code == Code::kConflict || done.error().code == Code::kNoSpace)) {
    return pass(done);
  }
  connection.set_broken();
  return fail(Code::kUnavailable,
              done ? "the database did not wait for its standby" : done.error().message, {},
              kDatabaseUnreachable);
}

Result<void> settle(Connection& connection) {
  auto transaction = Transaction::begin(connection);
  if (!transaction) return pass(transaction);
  auto locked = connection.run("UPDATE sutler_store SET generation = generation WHERE one = 1");
  if (!locked) return pass(locked);
  return transaction->commit();
}

Result<Meta> read_meta(Connection& connection) {
  Meta meta;
  bool found = false, whole = false;
  auto read = connection.each(kSelectStore, {}, [&](const Row& row) -> Result<void> {
    const auto format = row.number(0), revision = row.number(2), generation = row.number(3);
    const auto id = row.bytes(1);
    const auto filling = row.flag(4);
    found = true;
    whole = format && id && revision && generation && filling;
    if (whole) meta = {*format, std::string(*id), *revision, *generation, *filling};
    return {};
  });
  if (!read) return pass(read);
  if (!found) {
    return fail(Code::kCorrupt, "database: the only row of sutler_store is missing",
                "the database was changed from outside; restore a backup");
  }
  if (whole && meta.format > kFormat) {
    return fail(Code::kInvalid,
                "the store has format " + std::to_string(meta.format) +
                    "; this sutler knows only " + std::to_string(kFormat),
                "use the newer sutler that wrote it");
  }
  const auto id = base::hex_decode(meta.store_id);
  if (!whole || meta.format == 0 || !id || id->size() != kStoreIdBytes) {
    return fail(Code::kCorrupt, "database: the table sutler_store was changed",
                "the database was changed from outside; restore a backup");
  }
  return meta;
}

Result<void> create_tables(Connection& connection) {
  auto transaction = Transaction::begin(connection, Transaction::Kind::kBulk);
  if (!transaction) return pass(transaction);
  auto made = connection.run(kCreateStore);
  if (!made) return pass(made);  // kConflict: they are there
  auto put = connection.run(kInsertStore,
                            Values().number(kFormat).bytes(crypto::random_hex(kStoreIdBytes)));
  if (!put) return pass(put);
  if (auto filled = take_steps(connection, 0); !filled) return filled;
  return transaction->commit();
}

Result<void> update_tables(Connection& connection) {
  auto transaction = Transaction::begin(connection, Transaction::Kind::kBulk);
  if (!transaction) return pass(transaction);
  auto format = connection.ask(kLockStore);
  if (!format) return pass(format);
  if (*format && **format < kFormat) {
    if (auto done = take_steps(connection, **format); !done) return done;
  }
  return transaction->commit();
}

}  // namespace sutler::store::postgres
