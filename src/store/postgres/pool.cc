#include "store/postgres/pool.h"

namespace sutler::store::postgres {

using base::Code;
using base::Result;
using std::chrono::steady_clock;

namespace {

constexpr std::chrono::seconds kBetweenAttempts{1};
constexpr std::chrono::seconds kLoanWait{5};
// After that nobody listens any more.
constexpr std::chrono::seconds kListenerTries{20};

}  // namespace

Pool::Loan::~Loan() {
  if (pool_ != nullptr) pool_->give_back(std::move(connection_));
}

Result<Pool::Loan> Pool::take() {
  std::unique_lock lock(mutex_);
  const auto deadline = steady_clock::now() + kLoanWait;
  if (!returned_.wait_until(lock, deadline, [&] { return lent_ < kConnectionsMax; })) {
    return base::fail(Code::kUnavailable, "all connections to the database are in use", {},
                      kDatabaseBusy);
  }
  while (!idle_.empty()) {
    Connection connection = std::move(idle_.back());
    idle_.pop_back();
    // The server may have ended it meanwhile.
    if (!connection.look_alive()) continue;
    ++lent_;
    return Loan(*this, std::move(connection));
  }
  const auto now = steady_clock::now();
  const bool tried_for_us =
      listened_ != steady_clock::time_point() && now < listened_ + kListenerTries;
  if (down_ && (tried_for_us || now < next_attempt_)) return base::Unexpected(*down_);
  if (down_) next_attempt_ = steady_clock::now() + kBetweenAttempts;  // ours is the attempt
  ++lent_;
  lock.unlock();
  auto made = connect();
  if (made) return Loan(*this, std::move(*made));
  lock.lock();
  --lent_;
  returned_.notify_one();
  return pass(made);
}

Result<Connection> Pool::connect_to_listen() {
  {
    const std::lock_guard lock(mutex_);
    listened_ = steady_clock::now();
  }
  return connect();
}

void Pool::tell_down(const base::Error& why) {
  const std::lock_guard lock(mutex_);
  down_ = why;
  listened_ = steady_clock::now();
  next_attempt_ = listened_ + kBetweenAttempts;
  idle_.clear();
}

Result<Connection> Pool::connect() {
  auto made = Connection::open(dsn_, ending_);
  const std::lock_guard lock(mutex_);
  if (made) {
    down_.reset();
  } else {
    down_ = made.error();
    next_attempt_ = steady_clock::now() + kBetweenAttempts;
    idle_.clear();
  }
  return made;
}

void Pool::give_back(Connection connection) {
  {
    const std::lock_guard lock(mutex_);
    --lent_;
    if (!connection.is_broken()) {
      connection.set_limit(kStatementLimit);
      idle_.push_back(std::move(connection));
    } else {
      // What ended this one has most likely ended the others.
      idle_.clear();
    }
  }
  returned_.notify_one();
}

}  // namespace sutler::store::postgres
