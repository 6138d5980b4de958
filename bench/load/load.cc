#include "load.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>

namespace sutler::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kErrorsMax = 100;             // past this the run means nothing, so it ends
constexpr std::uint64_t kErrorsTold = 5;              // the others are counted
constexpr std::size_t kResponseBytesMax = 16U << 20;  // a head without an end must not fill memory
constexpr std::chrono::seconds kStallMax{20};  // no answer at all for so long: the server hangs

struct FreeSsl {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

enum class Phase { kNextRequest, kHandshake, kWrite, kRead, kWaitForClose, kFinished };

struct Connection {
  int fd = -1;
  Phase phase = Phase::kNextRequest;
  std::unique_ptr<SSL, FreeSsl> ssl;
  std::string request;
  std::size_t written = 0;
  std::string response;
  std::size_t response_bytes = 0;  // head and body; 0 until the head has been read
  Clock::time_point begin;
};

enum class Io { kDone, kAgain, kClosed, kFailed };
enum class Step { kGoOn, kWait };

// The length of the body that `head` announces, or -1 when it is not a 200 with a Content-Length.
std::int64_t announced_body_bytes(std::string_view head) {
  if (!head.starts_with("HTTP/1.1 200 ")) return -1;
  constexpr std::string_view kName = "\r\ncontent-length:";
  const auto same = [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  };
  const auto found = std::search(head.begin(), head.end(), kName.begin(), kName.end(), same);
  if (found == head.end()) return -1;
  auto digits = head.substr(static_cast<std::size_t>(found - head.begin()) + kName.size());
  digits.remove_prefix(std::min(digits.find_first_not_of(' '), digits.size()));
  std::int64_t bytes = -1;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), bytes);
  return parsed.ec == std::errc{} ? bytes : -1;
}

Io tls_outcome(SSL* ssl, int result) {
  if (result > 0) return Io::kDone;
  const int error = SSL_get_error(ssl, result);
  ERR_clear_error();
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return Io::kAgain;
  return error == SSL_ERROR_ZERO_RETURN ? Io::kClosed : Io::kFailed;
}

Io write_request(Connection& connection) {
  const char* data = connection.request.data() + connection.written;
  const std::size_t size = connection.request.size() - connection.written;
  std::size_t count = 0;
  if (connection.ssl) {
    SSL* ssl = connection.ssl.get();
    const Io io = tls_outcome(ssl, SSL_write_ex(ssl, data, size, &count));
    if (io != Io::kDone) return io;
  } else {
    const ssize_t sent = ::send(connection.fd, data, size, MSG_NOSIGNAL);
    if (sent < 0)
      return errno == EAGAIN ? Io::kAgain : Io::kFailed;  // EAGAIN also while connecting
    count = static_cast<std::size_t>(sent);
  }
  connection.written += count;
  return Io::kDone;
}

Io read_response(Connection& connection) {
  std::array<char, 16U << 10> buffer;  // a TLS record's worth
  std::size_t count = 0;
  if (connection.ssl) {
    SSL* ssl = connection.ssl.get();
    const Io io = tls_outcome(ssl, SSL_read_ex(ssl, buffer.data(), buffer.size(), &count));
    if (io != Io::kDone) return io;
  } else {
    const ssize_t received = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (received < 0) return errno == EAGAIN ? Io::kAgain : Io::kFailed;
    if (received == 0) return Io::kClosed;
    count = static_cast<std::size_t>(received);
  }
  connection.response.append(buffer.data(), count);
  return connection.response.size() > kResponseBytesMax ? Io::kFailed : Io::kDone;
}

class Load {
 public:
  explicit Load(const LoadOptions& options)
      : options_(options),
        host_header_("\r\nHost: " + options.host + ":" + std::to_string(options.port)),
        connections_(options.connections),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    address_.sin_family = AF_INET;
    address_.sin_port = htons(options.port);
    ::inet_pton(AF_INET, options.host.c_str(), &address_.sin_addr);
    if (options.wire == Wire::kPlain) return;
    context_.reset(SSL_CTX_new(TLS_client_method()));
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_3_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_session_cache_mode(context_.get(), SSL_SESS_CACHE_OFF);
  }

  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  ~Load() {
    for (auto& connection : connections_) close(connection);
    ::close(epoll_);
  }

  LoadResult run() {
    begin_ = last_answer_ = Clock::now();
    for (auto& connection : connections_) advance(connection);
    std::array<epoll_event, 256> events;
    while (finished_ < connections_.size() && result_.errors < kErrorsMax) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < count; ++i) {
        advance(*static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr));
      }
      if (Clock::now() - last_answer_ > kStallMax) {
        std::fprintf(stderr, "error: no answer for 20 seconds\n");
        result_.errors += connections_.size() - finished_;
        break;
      }
    }
    result_.seconds = std::chrono::duration<double>(last_answer_ - begin_).count();
    std::sort(result_.micros.begin(), result_.micros.end());
    return std::move(result_);
  }

 private:
  void advance(Connection& connection) {
    while (step(connection) == Step::kGoOn) {
    }
  }

  Step step(Connection& connection) {
    switch (connection.phase) {
      case Phase::kNextRequest: return next_request(connection);
      case Phase::kHandshake: {
        SSL* ssl = connection.ssl.get();
        const Io io = tls_outcome(ssl, SSL_do_handshake(ssl));
        if (io == Io::kAgain) return Step::kWait;
        if (io != Io::kDone) return fail(connection, "the TLS handshake failed");
        connection.phase = Phase::kWrite;
        return Step::kGoOn;
      }
      case Phase::kWrite: {
        const Io io = write_request(connection);
        if (io == Io::kAgain) return Step::kWait;
        if (io != Io::kDone) return fail(connection, "cannot connect or send");
        if (connection.written == connection.request.size()) connection.phase = Phase::kRead;
        return Step::kGoOn;
      }
      case Phase::kRead: {
        const Io io = read_response(connection);
        if (io == Io::kAgain) return Step::kWait;
        if (io != Io::kDone) return fail(connection, "the connection ended before the answer");
        return judge(connection);
      }
      case Phase::kWaitForClose: {
        // The server closes, as it was asked to, so that the cost of it and TIME_WAIT are its own,
        // as in real life. The answer was counted when its last byte came.
        const Io io = read_response(connection);
        if (io == Io::kAgain) return Step::kWait;
        if (io == Io::kDone) return fail(connection, "bytes after the answer");
        close(connection);
        connection.phase = Phase::kNextRequest;
        return Step::kGoOn;
      }
      case Phase::kFinished: break;
    }
    return Step::kWait;
  }

  Step next_request(Connection& connection) {
    connection.begin = Clock::now();
    const bool enough = options_.requests_max != 0 && started_ == options_.requests_max;
    const bool late = options_.seconds_max != 0 &&
                      connection.begin - begin_ >= std::chrono::seconds(options_.seconds_max);
    if (enough || late) {
      close(connection);
      connection.phase = Phase::kFinished;
      ++finished_;
      return Step::kWait;
    }
    connection.request = "GET / HTTP/1.1" + host_header_ + "\r\nAuthorization: Bearer " +
                         options_.tokens[started_ % options_.tokens.size()];
    connection.request +=
        options_.reuse == Reuse::kKeepAlive ? "\r\n\r\n" : "\r\nConnection: close\r\n\r\n";
    ++started_;
    connection.written = 0;
    connection.response.clear();
    connection.response_bytes = 0;
    connection.phase = Phase::kWrite;
    return connection.fd >= 0 ? Step::kGoOn : open(connection);
  }

  Step open(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (connection.fd < 0) return fail(connection, std::strerror(errno));
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    const auto* address = reinterpret_cast<const sockaddr*>(&address_);
    if (::connect(connection.fd, address, sizeof address_) != 0 && errno != EINPROGRESS) {
      return fail(connection, std::strerror(errno));
    }
    // Edge-triggered for both directions at once: one epoll_ctl in the life of a connection.
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &connection;
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event) != 0) {
      return fail(connection, std::strerror(errno));
    }
    if (context_) {
      connection.ssl.reset(SSL_new(context_.get()));
      SSL_set_fd(connection.ssl.get(), connection.fd);
      SSL_set_connect_state(connection.ssl.get());
      connection.phase = Phase::kHandshake;
    }
    return Step::kGoOn;
  }

  // Looks at what has been read of the answer so far.
  Step judge(Connection& connection) {
    if (connection.response_bytes == 0) {
      const auto end = connection.response.find("\r\n\r\n");
      if (end == std::string::npos) return Step::kGoOn;
      const auto head = std::string_view(connection.response).substr(0, end);
      const std::int64_t body_bytes = announced_body_bytes(head);
      if (body_bytes < 0) {
        return fail(connection, "answered " + std::string(head.substr(0, head.find("\r\n"))));
      }
      if (options_.body_bytes >= 0 && body_bytes != options_.body_bytes) {
        return fail(connection, "answered a body of " + std::to_string(body_bytes) + " bytes");
      }
      connection.response_bytes = end + 4 + static_cast<std::size_t>(body_bytes);
    }
    if (connection.response.size() < connection.response_bytes) return Step::kGoOn;
    if (connection.response.size() > connection.response_bytes) {
      return fail(connection, "bytes after the answer");
    }
    last_answer_ = Clock::now();
    const auto took = last_answer_ - connection.begin;
    result_.micros.push_back(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(took).count()));
    connection.phase =
        options_.reuse == Reuse::kKeepAlive ? Phase::kNextRequest : Phase::kWaitForClose;
    return Step::kGoOn;
  }

  // Counts the error; the connection starts anew with another request, until there were too many.
  Step fail(Connection& connection, std::string_view why) {
    if (++result_.errors <= kErrorsTold) {
      std::fprintf(stderr, "error: %.*s\n", static_cast<int>(why.size()), why.data());
    }
    close(connection);
    connection.phase = Phase::kNextRequest;
    return result_.errors < kErrorsMax ? Step::kGoOn : Step::kWait;
  }

  static void close(Connection& connection) {
    connection.ssl.reset();
    if (connection.fd >= 0) ::close(connection.fd);
    connection.fd = -1;
  }

  const LoadOptions& options_;
  const std::string host_header_;
  std::vector<Connection> connections_;  // never grows: epoll holds the addresses
  const int epoll_;
  std::unique_ptr<SSL_CTX, FreeContext> context_;
  sockaddr_in address_{};
  std::uint64_t started_ = 0;
  std::size_t finished_ = 0;
  Clock::time_point begin_;
  Clock::time_point last_answer_;
  LoadResult result_;
};

}  // namespace

LoadResult run_load(const LoadOptions& options) { return Load(options).run(); }

}  // namespace sutler::bench
