#include "store/sqlite/sqlite_schema.h"

#include "base/encoding.h"
#include "crypto/random.h"

namespace sutler::store::sqlite {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr std::size_t kStoreIdBytes = 16;

Result<void> check_format(Connection& connection) {
  auto application = connection.ask_number("PRAGMA application_id");
  if (!application) return pass(application);
  if (*application != kApplicationId) {
    return fail(Code::kInvalid, "the database is not a sutler store");
  }
  auto format = connection.ask_number("PRAGMA user_version");
  if (!format) return pass(format);
  if (*format > kFormat) {
    return fail(Code::kInvalid,
                "the store has format " + std::to_string(*format) + "; this sutler knows only " +
                    std::to_string(kFormat),
                "use the newer sutler that wrote it");
  }
  if (*format != kFormat)
    return fail(Code::kInvalid, "the store has no format that there ever was");
  return {};
}

Result<void> insert_meta(Connection& connection, std::string_view key, std::uint64_t value) {
  auto insert = connection.prepare(kInsertMeta);
  if (!insert) return pass(insert);
  return insert->bind_text(1, key).bind(2, value).run();
}

Result<void> fill_tables(Connection& connection) {
  auto made = connection.execute(kCreateTables);
  if (!made) return made;
  if (auto ok = insert_meta(connection, "format", kFormat); !ok) return ok;
  if (auto ok = insert_meta(connection, "revision", 0); !ok) return ok;
  auto insert = connection.prepare(kInsertMeta);
  if (!insert) return pass(insert);
  const std::string id = crypto::random_hex(kStoreIdBytes);
  if (auto ok = insert->bind_text(1, "store_id").bind_text(2, id).run(); !ok) return ok;
  const std::string mark = "PRAGMA application_id=" + std::to_string(kApplicationId) +
                           "; PRAGMA user_version=" + std::to_string(kFormat);
  return connection.execute(mark.c_str());
}

}  // namespace

Result<Meta> read_meta(Connection& connection) {
  if (auto ok = check_format(connection); !ok) return pass(ok);
  auto rows = connection.prepare(kSelectMeta);
  if (!rows) return pass(rows);
  Meta meta;
  std::string keys;
  while (true) {
    auto row = rows->step();
    if (!row) return pass(row);
    if (!*row) break;
    const std::string key(rows->text(0).value_or("?"));
    keys.append(key).append(1, ' ');
    if (key == "format") meta.format = rows->number(1).value_or(0);
    if (key == "revision") {
      const auto revision = rows->number(1);
      if (!revision) keys.append("? ");
      meta.revision = revision.value_or(0);
    }
    if (key == "store_id") meta.store_id = rows->text(1).value_or("");
  }
  const auto id = base::hex_decode(meta.store_id);
  if (keys != "format revision store_id " || meta.format != kFormat || !id ||
      id->size() != kStoreIdBytes) {
    return fail(Code::kCorrupt, "database: the table meta was changed",
                "the database was changed from outside; restore a backup");
  }
  return meta;
}

Result<void> create_tables(Connection& connection) {
  if (auto begun = connection.execute("BEGIN IMMEDIATE"); !begun) return begun;
  auto filled = fill_tables(connection);
  if (filled) filled = connection.execute("COMMIT");
  connection.roll_back();
  return filled;
}

Result<Record> read_record(const Statement& row) {
  const auto kind = row.text(0);
  const auto id = row.text(1);
  const auto version = row.number(2);
  const auto revision = row.number(3);
  const auto deleted = row.number(4);
  const auto key_id = row.text(5);
  const auto wrapped = row.blob(6);
  const auto header = row.blob(7);
  const auto body = row.blob(8);
  if (!kind || !id || !version || !revision || !deleted || *deleted > 1 || !key_id || !wrapped ||
      !header || !body) {
    return fail(Code::kCorrupt, "database: a row has a column of the wrong type",
                "the database was changed from outside; restore a backup");
  }
  Record record;
  record.kind = *kind;
  record.id = *id;
  record.version = *version;
  record.revision = *revision;
  record.deleted = *deleted == 1;
  record.key_id = *key_id;
  record.wrapped = *wrapped;
  record.header = *header;
  record.body = *body;
  return record;
}

void bind_record(Statement& statement, const Record& record) {
  statement.bind_text(1, record.kind)
      .bind_text(2, record.id)
      .bind(3, record.version)
      .bind(4, record.revision)
      .bind(5, record.deleted ? 1 : 0)
      .bind_text(6, record.key_id)
      .bind_blob(7, record.wrapped)
      .bind_blob(8, record.header)
      .bind_blob(9, record.body);
}

}  // namespace sutler::store::sqlite
