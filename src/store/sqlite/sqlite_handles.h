// RAII handles for SQLite, and its errors as ours. The one header with sqlite3.h; only files of
// this folder include it.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::store::sqlite {

// The name of the error (base::Error::name) of a file that is no SQLite database at all.
inline constexpr std::string_view kNotADatabase = "not_a_database";

// kNoSpace, kCorrupt, kUnavailable or kInternal for a result code; `what` says what was tried.
[[nodiscard]] base::Unexpected fail_sqlite(sqlite3* database, int code, std::string_view what);

// A prepared statement. Parameters count from 1, columns from 0. Text and blobs that are bound must
// live until the next step() is over.
class Statement {
 public:
  Statement() = default;

  Statement& bind(int parameter, std::uint64_t value);
  Statement& bind_text(int parameter, std::string_view value);
  Statement& bind_blob(int parameter, std::string_view value);

  // True: there is a row.
  [[nodiscard]] base::Result<bool> step();
  // Steps to the end, passing over rows, and resets.
  [[nodiscard]] base::Result<void> run();
  void reset();

  // Nothing when the column has another type: the database is not trusted.
  [[nodiscard]] std::optional<std::uint64_t> number(int column) const;
  [[nodiscard]] std::optional<std::string_view> text(int column) const;
  [[nodiscard]] std::optional<std::string_view> blob(int column) const;

 private:
  friend class Connection;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

// Resets a statement that is kept for later, whatever way its user leaves.
class Resetting {
 public:
  explicit Resetting(Statement& statement) : statement_(statement) {}
  ~Resetting() { statement_.reset(); }
  Resetting(const Resetting&) = delete;
  Resetting& operator=(const Resetting&) = delete;

 private:
  Statement& statement_;
};

// Not thread-safe.
// How long a statement waits for other processes.
inline constexpr const char* kSetBusyTimeout = "PRAGMA busy_timeout=5000";

class Connection {
 public:
  Connection() = default;
  // An existing file, for reading and writing, with every setting that this store relies on except
  // WAL.
  [[nodiscard]] static base::Result<Connection> open(const std::filesystem::path& file);

  [[nodiscard]] base::Result<void> execute(const char* sql);
  [[nodiscard]] base::Result<Statement> prepare(const char* sql);
  // The number in the first column of the first row.
  [[nodiscard]] base::Result<std::uint64_t> ask_number(const char* sql);
  // Rolls back unless SQLite has done it by itself.
  void roll_back();

 private:
  struct Close {
    void operator()(sqlite3* database) const noexcept { sqlite3_close_v2(database); }
  };
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace sutler::store::sqlite
