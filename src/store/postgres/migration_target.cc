#include "store/postgres/migration_target.h"

#include <algorithm>
#include <cstring>

#include "crypto/random.h"
#include "store/postgres/connection.h"
#include "store/postgres/rows.h"
#include "store/postgres/schema.h"
#include "store/postgres/statements.h"

namespace sutler::store {

using base::Code;
using base::fail;
using base::Result;
using postgres::Connection;
using postgres::Row;
using postgres::Transaction;
using postgres::Values;

namespace {

constexpr std::size_t kPieceRows = 1000;

class PostgresTarget final : public MigrationTarget {
 public:
  explicit PostgresTarget(Connection connection) : connection_(std::move(connection)) {
    connection_.set_limit(postgres::kBulkLimit);
  }

  Result<Begun> begin(const std::string& store_id) override {
    auto meta = postgres::read_meta(connection_);
    if (!meta) return pass(meta);
    if (meta->filling && meta->store_id != store_id) {
      return fail(Code::kConflict, "another store is being moved into this database",
                  "finish that first, or take an empty database");
    }
    auto any = connection_.ask("SELECT count(*) FROM sutler_record");
    if (!any) return pass(any);
    if (!meta->filling && meta->revision != 0 && meta->store_id == store_id) return Begun::kArrived;
    if (!meta->filling && (meta->revision != 0 || any->value_or(1) != 0)) {
      return fail(Code::kConflict, "the database holds another store", "take an empty database");
    }
    store_id_ = store_id;
    auto transaction = Transaction::begin(connection_, Transaction::Kind::kBulk);
    if (!transaction) return pass(transaction);
    auto begun = connection_.run(postgres::kBeginMigration, Values().bytes(store_id));
    if (!begun) return pass(begun);
    auto ours = connection_.run(postgres::kTakeMigration, Values().bytes(run_));
    if (!ours) return pass(ours);
    if (auto done = transaction->commit(); !done) return pass(done);
    return Begun::kMoving;
  }

  Result<void> marks(const VisitMark& visit) override {
    for (const RowPlace place : {RowPlace::kCurrent, RowPlace::kHistory}) {
      const auto* sql =
          place == RowPlace::kCurrent ? postgres::kCurrentMarks : postgres::kHistoryMarks;
      auto read = connection_.each(sql, {}, [&](const Row& row) -> Result<void> {
        const auto kind = row.bytes(0), id = row.bytes(1), digest = row.bytes(5);
        const auto version = row.number(2), revision = row.number(3);
        const auto deleted = row.flag(4);
        RowMark mark;
        if (!kind || !id || !version || !revision || !deleted || !digest ||
            digest->size() != mark.digest.size()) {
          return fail(Code::kCorrupt, "database: a row has a column of the wrong type");
        }
        mark.revision = *revision;
        mark.deleted = *deleted;
        std::memcpy(mark.digest.data(), digest->data(), mark.digest.size());
        return visit(place, {std::string(*kind), std::string(*id), *version}, mark);
      });
      if (!read) return read;
    }
    return {};
  }

  Result<void> put(RowPlace place, const std::vector<Record>& rows) override {
    std::vector<const Record*> all;
    for (const Record& one : rows) all.push_back(&one);
    auto transaction = begin_ours();
    if (!transaction) return pass(transaction);
    auto done = postgres::put_records(
        connection_, place == RowPlace::kCurrent ? postgres::kMoveCurrent : postgres::kMoveHistory,
        all);
    if (!done) return pass(done);
    return transaction->commit();
  }

  Result<void> remove(RowPlace place, const std::vector<RowName>& rows) override {
    std::vector<std::string_view> kinds, ids;
    std::vector<std::uint64_t> versions;
    for (const RowName& one : rows) {
      kinds.push_back(one.kind);
      ids.push_back(one.id);
      versions.push_back(one.version);
    }
    auto transaction = begin_ours();
    if (!transaction) return pass(transaction);
    auto done = connection_.run(
        place == RowPlace::kCurrent ? postgres::kRemoveCurrent : postgres::kRemoveHistory,
        Values().bytes_column(kinds).bytes_column(ids).number_column(versions));
    if (!done) return pass(done);
    return transaction->commit();
  }

  Result<void> finish(std::uint64_t revision, const std::vector<Telemetry>& telemetry) override {
    auto transaction = begin_ours();
    if (!transaction) return pass(transaction);
    auto emptied = connection_.run("DELETE FROM sutler_telemetry");
    if (!emptied) return pass(emptied);
    for (std::size_t at = 0; at < telemetry.size(); at += kPieceRows) {
      const auto end = std::min(at + kPieceRows, telemetry.size());
      const std::vector<Telemetry> piece(telemetry.begin() + static_cast<std::ptrdiff_t>(at),
                                         telemetry.begin() + static_cast<std::ptrdiff_t>(end));
      if (auto put = postgres::put_telemetry(connection_, piece); !put) return put;
    }
    auto ended = connection_.run(postgres::kEndFilling, Values().bytes(store_id_).number(revision));
    if (!ended) return pass(ended);
    return transaction->commit();
  }

 private:
  // Holds the row that says whose the migration is until the transaction ends.
  Result<Transaction> begin_ours() {
    auto transaction = Transaction::begin(connection_, Transaction::Kind::kBulk);
    if (!transaction) return transaction;
    auto ours = connection_.ask(postgres::kIsOurMigration, Values().bytes(store_id_).bytes(run_));
    if (!ours) return pass(ours);
    if (*ours) return transaction;
    return fail(Code::kConflict, "another process has taken this migration over, or finished it",
                "run the command again: it says how far it is");
  }

  Connection connection_;
  std::string store_id_;
  const std::string run_ = crypto::random_hex(16);
};

}  // namespace

Result<std::unique_ptr<MigrationTarget>> open_migration_target(const Dsn& dsn) {
  auto connection = Connection::open(dsn);
  if (!connection) return pass(connection);
  auto meta = postgres::read_meta(*connection);
  if (!meta && meta.error().name == "no_schema") {
    auto made = postgres::create_tables(*connection);
    if (!made && made.error().code != Code::kConflict) return pass(made, dsn.shown());
  } else if (!meta) {
    return pass(meta, dsn.shown());
  } else if (auto updated = postgres::update_tables(*connection); !updated) {
    return pass(updated, dsn.shown());
  }
  return std::make_unique<PostgresTarget>(std::move(*connection));
}

}  // namespace sutler::store
