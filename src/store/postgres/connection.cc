#include "store/postgres/connection.h"

#include <libpq-fe.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "store/postgres/answers.h"

namespace sutler::store::postgres {

using base::Code;
using base::fail;
using base::Result;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

constexpr milliseconds kEndingLimit{1'000};
constexpr milliseconds kLookAtEnding{250};
// Several cells of the largest size that is asked for (statements.h).
constexpr std::uint64_t kRowBytesMax = 64 * 1024 * 1024;

// What has been taken from a TCP socket since it was made. Of another one it is always 0: whoever
// answers there is on this machine.
std::uint64_t bytes_taken(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  int waiting = 0;  // asked first: what comes in between counts as taken
  if (::ioctl(socket, FIONREAD, &waiting) != 0 ||
      ::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
    return 0;
  }
  return info.tcpi_bytes_received - static_cast<std::uint64_t>(std::max(waiting, 0));
}

bool is_good(const PGresult* result) {
  const auto status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_SINGLE_TUPLE;
}

}  // namespace

Result<Connection> Connection::open(const Dsn& dsn, Ending ending) {
  auto warnings = std::make_unique<std::uint64_t>(0);
  auto handle = connect(dsn, ending, *warnings);
  if (!handle) return pass(handle);
  Connection out(std::move(*handle), std::move(warnings));
  out.ending_ = std::move(ending);
  if (PQsetnonblocking(out.handle_.get(), 1) != 0) return out.fail_lost();
  return out;
}

base::Unexpected Connection::fail_lost() {
  broken_ = true;
  return fail(
      Code::kUnavailable,
      "the connection to the database was lost: " + first_line(PQerrorMessage(handle_.get())), {},
      kDatabaseUnreachable);
}

base::Unexpected Connection::fail_answer(const PGresult* result) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  if (state == nullptr) return fail_lost();
  auto error = error_of(state, message == nullptr ? "" : message);
  if (ends_connection(state)) broken_ = true;
  return base::Unexpected(std::move(error));
}

Result<void> Connection::await_socket(short events, Deadline deadline) {
  pollfd wait{PQsocket(handle_.get()), events, 0};
  bool in_haste = false;
  while (true) {
    if (!in_haste && ending_ && *ending_) {
      in_haste = true;
      deadline = std::min(deadline, steady_clock::now() + kEndingLimit);
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (left.count() <= 0) {
      broken_ = true;
      return fail(Code::kUnavailable,
                  "the database did not answer within " + std::to_string(limit_.count()) + " ms",
                  {}, kDatabaseUnreachable);
    }
    const int ready = ::poll(&wait, 1, static_cast<int>(std::min(left, kLookAtEnding).count()));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR) return fail_lost();
  }
}

Result<void> Connection::send(const char* sql, const Values& values) {
  if (broken_) return fail(Code::kUnavailable, "the connection was lost", {}, kDatabaseUnreachable);
  std::vector<const char*> data;
  std::vector<int> lengths, formats(values.values_.size(), 1);
  for (const std::string& value : values.values_) {
    data.push_back(value.data());
    lengths.push_back(static_cast<int>(value.size()));
  }
  const int sent =
      PQsendQueryParams(handle_.get(), sql, static_cast<int>(data.size()), values.types_.data(),
                        data.data(), lengths.data(), formats.data(), 1);
  if (sent != 1) return fail_lost();
  const auto deadline = steady_clock::now() + limit_;
  while (true) {
    const int left = PQflush(handle_.get());
    if (left == 0) return {};
    if (left < 0) return fail_lost();
    if (auto ready = await_socket(POLLIN | POLLOUT, deadline); !ready) return ready;
    if (PQconsumeInput(handle_.get()) != 1) return fail_lost();
  }
}

// Until PQgetResult does not block. libpq keeps all that comes until a row is whole, however much.
Result<void> Connection::await_result() {
  const auto deadline = steady_clock::now() + limit_;
  std::optional<std::uint64_t> before;
  while (PQisBusy(handle_.get()) == 1) {
    const int socket = PQsocket(handle_.get());
    if (!before) before = bytes_taken(socket);
    if (auto ready = await_socket(POLLIN, deadline); !ready) return ready;
    if (PQconsumeInput(handle_.get()) != 1) return fail_lost();
    if (bytes_taken(socket) > *before + kRowBytesMax) {
      broken_ = true;
      return fail(
          Code::kCorrupt,
          "the database sends more than " + std::to_string(kRowBytesMax) + " bytes for one row",
          "is it the right database? whoever has it may have been taken over");
    }
  }
  return {};
}

// What is left of a statement, so that the next one can begin; gives its error, if any.
Result<void> Connection::drain_results() {
  Result<void> out;
  while (true) {
    if (auto ready = await_result(); !ready) return ready;
    const Answer answer(PQgetResult(handle_.get()));
    if (!answer) return out;
    if (!is_good(answer.get()) && out) out = fail_answer(answer.get());
    if (broken_) return out;
  }
}

Result<std::uint64_t> Connection::run(const char* sql, const Values& values) {
  if (auto sent = send(sql, values); !sent) return pass(sent);
  if (auto ready = await_result(); !ready) return pass(ready);
  const Answer answer(PQgetResult(handle_.get()));
  if (!answer) return fail_lost();
  if (!is_good(answer.get())) {
    auto failed = fail_answer(answer.get());
    if (!broken_) (void)drain_results();
    return failed;
  }
  const std::string_view count = PQcmdTuples(answer.get());
  std::uint64_t changed = 0;
  std::from_chars(count.data(), count.data() + count.size(), changed);
  if (auto rest = drain_results(); !rest) return pass(rest);
  return changed;
}

Result<void> Connection::each(const char* sql, const Values& values, const Visit& visit) {
  if (auto sent = send(sql, values); !sent) return sent;
  if (PQsetSingleRowMode(handle_.get()) != 1) return fail_lost();
  Result<void> done;
  while (done) {
    done = await_result();
    if (!done) break;
    const Answer answer(PQgetResult(handle_.get()));
    if (!answer) break;
    if (!is_good(answer.get())) {
      done = fail_answer(answer.get());
      if (!broken_) (void)drain_results();
      break;
    }
    for (int row = 0; done && row < PQntuples(answer.get()); ++row) {
      done = visit(Row(answer.get(), row));
      if (!done) broken_ = true;  // the rest of the rows would have to be read
    }
  }
  return done;
}

Result<std::optional<std::uint64_t>> Connection::ask(const char* sql, const Values& values) {
  std::optional<std::uint64_t> found;
  bool is_number = true;
  auto read = each(sql, values, [&](const Row& row) -> Result<void> {
    found = row.number(0);
    is_number = found.has_value();
    return {};
  });
  if (!read) return pass(read);
  if (!is_number) return fail(Code::kCorrupt, "database: a number is missing or wrong");
  return found;
}

bool Connection::look_alive() {
  // Nothing was asked: what is there to be read is a farewell, or the end.
  pollfd wait{PQsocket(handle_.get()), POLLIN, 0};
  if (::poll(&wait, 1, 0) != 0) broken_ = true;
  if (PQstatus(handle_.get()) != CONNECTION_OK) broken_ = true;
  return !broken_;
}

Result<void> Connection::wait_news(milliseconds limit) {
  if (broken_) return fail(Code::kUnavailable, "the connection was lost", {}, kDatabaseUnreachable);
  const auto deadline = steady_clock::now() + limit;
  bool news = false;
  while (!news) {
    while (PGnotify* one = PQnotifies(handle_.get())) {
      PQfreemem(one);
      news = true;
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (news || left.count() <= 0) return {};
    pollfd wait{PQsocket(handle_.get()), POLLIN, 0};
    const int ready = ::poll(&wait, 1, static_cast<int>(left.count()));
    if (ready < 0 && errno != EINTR) return fail_lost();
    if (ready > 0 && PQconsumeInput(handle_.get()) != 1) return fail_lost();
  }
  return {};
}

}  // namespace sutler::store::postgres
