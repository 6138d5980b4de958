// A few connections to the database, made when they are needed.
//
// While the database cannot be reached, whoever asks is told at once: the one that listens tries
// again and again, and where nobody listens one attempt a second is made. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "base/result.h"
#include "store/postgres/connection.h"

namespace sutler::store::postgres {

inline constexpr std::size_t kConnectionsMax = 5;  // of a node, beside the one that listens

class Pool {
 public:
  Pool(Dsn dsn, Ending ending) : dsn_(std::move(dsn)), ending_(std::move(ending)) {}

  // A connection for one use; it goes back when it is still good.
  class Loan {
   public:
    Loan(Pool& pool, Connection connection) : pool_(&pool), connection_(std::move(connection)) {}
    Loan(Loan&& other) noexcept
        : pool_(std::exchange(other.pool_, nullptr)), connection_(std::move(other.connection_)) {}
    Loan& operator=(Loan&&) = delete;
    ~Loan();
    Connection& operator*() { return connection_; }
    Connection* operator->() { return &connection_; }

   private:
    Pool* pool_;
    Connection connection_;
  };
  // kUnavailable: the database cannot be reached, or all connections are in use for too long.
  [[nodiscard]] base::Result<Loan> take();
  // The one that listens is outside the count; its owner finds out that the database is away, and
  // that it is back.
  [[nodiscard]] base::Result<Connection> connect_to_listen();
  void tell_down(const base::Error& why);

  [[nodiscard]] const Dsn& dsn() const { return dsn_; }

 private:
  [[nodiscard]] base::Result<Connection> connect();
  void give_back(Connection connection);

  const Dsn dsn_;
  const Ending ending_;
  std::mutex mutex_;
  std::condition_variable returned_;
  std::vector<Connection> idle_;
  std::size_t lent_ = 0;
  std::optional<base::Error> down_;  // why the last attempt failed
  std::chrono::steady_clock::time_point next_attempt_;
  std::chrono::steady_clock::time_point listened_;  // when the one that listens tried last
};

}  // namespace sutler::store::postgres
