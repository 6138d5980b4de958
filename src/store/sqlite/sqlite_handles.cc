#include "store/sqlite/sqlite_handles.h"

#include <cerrno>
#include <climits>

namespace sutler::store::sqlite {

using base::Code;
using base::Result;

namespace {

constexpr int kRowBytesMax = 64 * 1024 * 1024;

Code code_of(int result, int system_error) {
  if (system_error == ENOSPC || system_error == EDQUOT) return Code::kNoSpace;
  switch (result & 0xff) {
    case SQLITE_FULL: return Code::kNoSpace;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT:
    case SQLITE_SCHEMA:
    case SQLITE_ERROR:  // a table or column that is not there any more
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return Code::kCorrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_PROTOCOL:
    case SQLITE_INTERRUPT:
    case SQLITE_NOLFS:
    case SQLITE_NOMEM: return Code::kUnavailable;
    default: return Code::kInternal;
  }
}

}  // namespace

base::Unexpected fail_sqlite(sqlite3* database, int code, std::string_view what) {
  const int result = code & 0xff;
  const bool from_system = result == SQLITE_IOERR || result == SQLITE_CANTOPEN;
  const int system_error = from_system && database ? sqlite3_system_errno(database) : 0;
  std::string message = "database: " + std::string(what) + ": " + sqlite3_errstr(code) + " (" +
                        std::to_string(code) + ")";
  const Code kind = code_of(code, system_error);
  return base::fail(kind, std::move(message),
                    kind == Code::kNoSpace ? "make room on the disk of the data directory" : "",
                    result == SQLITE_NOTADB ? std::string(kNotADatabase) : "");
}

Statement& Statement::bind(int parameter, std::uint64_t value) {
  sqlite3_bind_int64(statement_.get(), parameter, static_cast<sqlite3_int64>(value));
  return *this;
}

Statement& Statement::bind_text(int parameter, std::string_view value) {
  sqlite3_bind_text64(statement_.get(), parameter, value.data(), value.size(), SQLITE_STATIC,
                      SQLITE_UTF8);
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view value) {
  // A null pointer would be bound as NULL.
  const char* const data = value.empty() ? "" : value.data();
  sqlite3_bind_blob64(statement_.get(), parameter, data, value.size(), SQLITE_STATIC);
  return *this;
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  sqlite3* const database = sqlite3_db_handle(statement_.get());
  return fail_sqlite(database, sqlite3_extended_errcode(database), "a statement failed");
}

Result<void> Statement::run() {
  const Resetting resetting(*this);
  while (true) {
    auto row = step();
    if (!row) return pass(row);
    if (!*row) return {};
  }
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::optional<std::uint64_t> Statement::number(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_INTEGER) return std::nullopt;
  const sqlite3_int64 value = sqlite3_column_int64(statement_.get(), column);
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<std::string_view> Statement::text(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_TEXT) return std::nullopt;
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  if (data == nullptr) return std::nullopt;
  return std::string_view(data,
                          static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

std::optional<std::string_view> Statement::blob(int column) const {
  if (sqlite3_column_type(statement_.get(), column) != SQLITE_BLOB) return std::nullopt;
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const auto bytes = static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column));
  if (data == nullptr && bytes != 0) return std::nullopt;
  return std::string_view(data, bytes);
}

Result<Connection> Connection::open(const std::filesystem::path& file) {
  Connection out;
  sqlite3* raw = nullptr;
  // Our own lock serialises the use of a connection.
  const int code =
      sqlite3_open_v2(file.c_str(), &raw,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  out.database_.reset(raw);
  if (code != SQLITE_OK) return fail_sqlite(raw, code, "cannot open " + file.string());
  auto wait = out.execute(kSetBusyTimeout);
  if (!wait) return pass(wait);
  sqlite3_limit(raw, SQLITE_LIMIT_LENGTH, kRowBytesMax);
  sqlite3_limit(raw, SQLITE_LIMIT_ATTACHED, 0);
  // The file may have been made by somebody else: nothing in it may act.
  sqlite3_db_config(raw, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(raw, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  // No mmap: a file that is cut while it is mapped would kill the process.
  auto set = out.execute(
      "PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA mmap_size=0;"
      "PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON; PRAGMA journal_size_limit=67108864;"
      // A data key that was wrapped anew must not stay behind under the old master key.
      "PRAGMA secure_delete=ON;");
  if (!set) return pass(set);
  return out;
}

Result<void> Connection::execute(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code == SQLITE_OK) return {};
  return fail_sqlite(database_.get(), code, "a statement failed");
}

Result<Statement> Connection::prepare(const char* sql) {
  sqlite3_stmt* raw = nullptr;
  const int code =
      sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
  if (code == SQLITE_OK) return Statement(raw);
  return fail_sqlite(database_.get(), code, "a statement cannot be prepared");
}

Result<std::uint64_t> Connection::ask_number(const char* sql) {
  auto statement = prepare(sql);
  if (!statement) return pass(statement);
  auto row = statement->step();
  if (!row) return pass(row);
  const auto value = *row ? statement->number(0) : std::nullopt;
  if (!value) return base::fail(Code::kCorrupt, "database: a number is missing");
  return *value;
}

void Connection::roll_back() {
  if (sqlite3_get_autocommit(database_.get()) == 0) (void)execute("ROLLBACK");
}

}  // namespace sutler::store::sqlite
