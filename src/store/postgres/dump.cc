// All rows of a store, out of one database and into another.
#include "store/postgres/rows.h"
#include "store/postgres/schema.h"
#include "store/postgres/statements.h"

namespace sutler::store::postgres {

using base::Result;

namespace {

constexpr std::size_t kPieceRows = 1000;
constexpr std::size_t kPieceBytes = 8 * 1024 * 1024;

using Put = Result<void> (RowSink::*)(Record&&);

Result<void> dump_records(Connection& connection, const char* sql, RowSink& sink, Put put) {
  return each_record(connection, sql, {},
                     [&](Record&& record) { return (sink.*put)(std::move(record)); });
}

// Gathers rows until they are worth a statement.
class Inserter final : public RowSink {
 public:
  explicit Inserter(Connection& connection) : connection_(connection) {}

  Result<void> begin(const Contents& contents) override {
    contents_ = contents;
    return {};
  }
  Result<void> current(Record&& record) override {
    return add(current_, kInsertRecords, std::move(record));
  }
  Result<void> history(Record&& record) override {
    return add(history_, kInsertHistory, std::move(record));
  }
  Result<void> telemetry(Telemetry&& row) override {
    telemetry_.push_back(std::move(row));
    return telemetry_.size() < kPieceRows ? Result<void>() : put_notes();
  }
  Result<void> finish() {
    if (auto put = put_piece(current_, kInsertRecords); !put) return put;
    if (auto put = put_piece(history_, kInsertHistory); !put) return put;
    if (auto put = put_notes(); !put) return put;
    auto ended =
        connection_.run(kEndFilling, Values().bytes(contents_.store_id).number(contents_.revision));
    if (!ended) return pass(ended);
    return {};
  }

 private:
  struct Piece {
    std::vector<Record> rows;
    std::size_t bytes = 0;
  };

  Result<void> add(Piece& piece, const char* sql, Record&& record) {
    piece.bytes += record.header.size() + record.body.size();
    piece.rows.push_back(std::move(record));
    if (piece.rows.size() < kPieceRows && piece.bytes < kPieceBytes) return {};
    return put_piece(piece, sql);
  }
  Result<void> put_piece(Piece& piece, const char* sql) {
    std::vector<const Record*> rows;
    for (const Record& one : piece.rows) rows.push_back(&one);
    auto put = put_records(connection_, sql, rows);
    piece = {};
    if (!put) return pass(put);
    return {};
  }
  Result<void> put_notes() {
    auto put = put_telemetry(connection_, telemetry_);
    telemetry_.clear();
    return put;
  }

  Connection& connection_;
  Contents contents_;
  Piece current_, history_;
  std::vector<Telemetry> telemetry_;
};

}  // namespace

Result<void> dump_rows(Connection& connection, RowSink& sink) {
  auto meta = read_meta(connection);
  if (!meta) return pass(meta);
  auto keys = count_keys(connection);
  if (!keys) return pass(keys);
  auto done = sink.begin({meta->store_id, meta->revision, std::move(*keys)});
  if (done) done = dump_records(connection, kDumpHead, sink, &RowSink::current);
  if (done) done = dump_records(connection, kDumpCurrent, sink, &RowSink::current);
  if (done && sink.wants() != RowSink::Wants::kCurrent) {
    done = dump_records(connection, kDumpHistory, sink, &RowSink::history);
  }
  if (!done) return done;
  const bool all = sink.wants() == RowSink::Wants::kEverything;
  const char* telemetry = all ? kDumpTelemetry : kDumpNoAuditLines;
  return connection.each(telemetry, {}, [&](const Row& row) -> Result<void> {
    auto one = read_telemetry_row(row);
    if (!one) return pass(one);
    return sink.telemetry(std::move(*one));
  });
}

Result<void> fill_rows(Connection& connection, const Backend::Produce& produce) {
  auto empty = connection.run(kBeginFilling);
  if (!empty) return pass(empty);
  auto any = connection.ask("SELECT count(*) FROM sutler_record");
  if (!any) return pass(any);
  if (*empty == 0 || any->value_or(1) != 0) {
    return base::fail(base::Code::kConflict, "the database holds a store already");
  }
  Inserter inserter(connection);
  if (auto produced = produce(inserter); !produced) return produced;
  return inserter.finish();
}

}  // namespace sutler::store::postgres
