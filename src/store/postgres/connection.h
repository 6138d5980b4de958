// One connection to PostgreSQL: statements with a time limit, values in binary, errors with names.
//
// Every statement is unnamed and is sent with its values at once, so that a pooler may give each
// transaction another server. Nothing is kept in the session. A connection that failed or did not
// answer in time is broken and is thrown away. Errors: kUnavailable (`database_unreachable`: no
// connection, no answer; `database_busy`), kConflict (a key that exists, a serialisation failure),
// kNoSpace, kRefused (no permission), kNotFound (no such table), kCorrupt, kInternal. A message
// holds what the server says in short and never a detail of a row.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/backend/backend.h"
#include "store/postgres/connect.h"
#include "store/postgres/dsn.h"

namespace sutler::store::postgres {

inline constexpr std::chrono::milliseconds kStatementLimit{5'000};
// Of the connection that listens: a database that is frozen is noticed so soon.
inline constexpr std::chrono::milliseconds kListenLimit{2'000};
// Of a statement that reads or writes much: how long nothing may come.
inline constexpr std::chrono::milliseconds kBulkLimit{60'000};

// The values of a statement, $1, $2 …, in PostgreSQL's binary form.
class Values {
 public:
  Values& bytes(std::string_view value);                              // bytea
  Values& number(std::uint64_t value);                                // bigint
  Values& text(std::string_view value);                               // text
  Values& flag_column(std::vector<char> values);                      // boolean[]; 0 or 1
  Values& number_column(const std::vector<std::uint64_t>& values);    // bigint[]
  Values& bytes_column(const std::vector<std::string_view>& values);  // bytea[]

 private:
  friend class Connection;
  std::vector<unsigned> types_;
  std::vector<std::string> values_;
};

// A row of an answer, valid until the next one.
class Row {
 public:
  Row(const PGresult* result, int row) : result_(result), row_(row) {}
  // Nothing when it is NULL or of another type.
  [[nodiscard]] std::optional<std::uint64_t> number(int column) const;  // bigint ≥ 0
  [[nodiscard]] std::optional<std::string_view> bytes(int column) const;
  [[nodiscard]] std::optional<bool> flag(int column) const;

 private:
  const PGresult* result_;
  int row_;
};

// Not thread-safe.
class Connection {
 public:
  using Visit = std::function<base::Result<void>(const Row&)>;

  // `ending`: once it is true, nothing waits for longer than a second.
  [[nodiscard]] static base::Result<Connection> open(const Dsn& dsn, Ending ending = {});

  // Gives the number of rows that the statement changed.
  [[nodiscard]] base::Result<std::uint64_t> run(const char* sql, const Values& values = {});
  // Gives the rows one after the other as they come, with the limit between them; the visitor's
  // error ends it and breaks the connection.
  [[nodiscard]] base::Result<void> each(const char* sql, const Values& values, const Visit& visit);
  // The first number of the only row; nothing when there is no row.
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> ask(const char* sql,
                                                               const Values& values = {});
  // Waits until a notification is there or the time is over.
  [[nodiscard]] base::Result<void> wait_news(std::chrono::milliseconds limit);

  [[nodiscard]] bool is_broken() const { return broken_; }
  void set_broken() { broken_ = true; }
  // How many warnings the server has sent.
  [[nodiscard]] std::uint64_t warnings() const { return *warnings_; }
  // False when the server has ended it meanwhile. Never waits. Not for one that listens.
  [[nodiscard]] bool look_alive();
  // Bulk statements may be quiet for longer.
  void set_limit(std::chrono::milliseconds limit) { limit_ = limit; }

 private:
  Connection(Handle handle, std::unique_ptr<std::uint64_t> warnings)
      : handle_(std::move(handle)), warnings_(std::move(warnings)) {}
  using Deadline = std::chrono::steady_clock::time_point;
  [[nodiscard]] base::Result<void> send(const char* sql, const Values& values);
  [[nodiscard]] base::Result<void> await_result();
  [[nodiscard]] base::Result<void> await_socket(short events, Deadline deadline);
  [[nodiscard]] base::Result<void> drain_results();
  [[nodiscard]] base::Unexpected fail_lost();
  [[nodiscard]] base::Unexpected fail_answer(const PGresult* result);

  Handle handle_;
  std::chrono::milliseconds limit_ = kStatementLimit;
  Ending ending_;
  bool broken_ = false;
  std::unique_ptr<std::uint64_t> warnings_;  // libpq knows where it is
};

}  // namespace sutler::store::postgres
