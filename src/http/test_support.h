// For tests: a blocking client on a raw socket, a handler that does what the path says, and a
// server around it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/test_support.h"
#include "http/server.h"

namespace sutler::http::test {

inline constexpr int kPatienceMs = 10'000;

// True as soon as it holds; false when it did not for ten seconds.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

using base::test::TempFolder;

struct Answer {
  int status = 0;    // 0: the connection ended instead
  std::string head;  // with its empty line
  std::string body;

  [[nodiscard]] bool says(std::string_view line) const {
    return head.contains("\r\n" + std::string(line) + "\r\n");
  }
  [[nodiscard]] std::string field(const std::string& name) const {
    const auto at = head.find("\r\n" + name + ": ");
    if (at == std::string::npos) return {};
    const auto start = at + name.size() + 4;
    return head.substr(start, head.find("\r\n", start) - start);
  }
};

// One connection; every wait ends after kPatienceMs.
class Wire {
 public:
  explicit Wire(const std::string& address) {
    const bool is_unix = address.starts_with("unix:");
    fd_ =
        base::FileDescriptor(::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (is_unix) {
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      address.copy(to.sun_path, sizeof to.sun_path - 1, 5);
      connected_ = connect_to(reinterpret_cast<const sockaddr*>(&to), sizeof to);
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      const auto colon = address.rfind(':');
      std::uint16_t port = 0;
      std::from_chars(address.data() + colon + 1, address.data() + address.size(), port);
      to.sin_port = htons(port);
      ::inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
      connected_ = connect_to(reinterpret_cast<const sockaddr*>(&to), sizeof to);
    }
  }

  [[nodiscard]] bool connected() const { return connected_; }
  void send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;  // the other side has closed: what it said is still to be read
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }
  void done_sending() const { ::shutdown(fd_.get(), SHUT_WR); }

  enum class Body { kExpected, kNone };
  Answer answer(Body body = Body::kExpected) {
    Answer got;
    std::size_t end = std::string::npos;
    while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
      if (!read_some()) return got;
    }
    got.head = in_.substr(0, end + 4);
    in_.erase(0, end + 4);
    std::from_chars(got.head.data() + 9, got.head.data() + 12, got.status);
    std::size_t size = 0;
    const std::string length = got.field("Content-Length");
    std::from_chars(length.data(), length.data() + length.size(), size);
    if (body == Body::kNone || got.status == 100) return got;
    while (in_.size() < size) {
      if (!read_some()) break;
    }
    got.body = in_.substr(0, size);
    in_.erase(0, got.body.size());
    return got;
  }
  Answer ask(std::string_view request) {
    send(request);
    return answer();
  }
  // All that still comes until the other side closes; `reset` says whether it broke the connection
  // off.
  std::string rest() {
    while (read_some()) {
    }
    return std::exchange(in_, {});
  }
  // The other side closes, and says nothing more before.
  [[nodiscard]] bool ends() { return rest().empty() && ended_ == Ended::kClosed; }
  [[nodiscard]] bool was_reset() const { return ended_ == Ended::kReset; }

 private:
  enum class Ended { kNo, kClosed, kReset, kTimedOut };

  bool connect_to(const sockaddr* to, socklen_t size) const {
    return ::connect(fd_.get(), to, size) == 0;
  }
  bool read_some() {
    pollfd ready{fd_.get(), POLLIN, 0};
    if (::poll(&ready, 1, kPatienceMs) <= 0) {
      ended_ = Ended::kTimedOut;
      return false;
    }
    char bytes[16 * 1024];
    const ssize_t got = ::recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got > 0) in_.append(bytes, static_cast<std::size_t>(got));
    if (got == 0) ended_ = Ended::kClosed;
    if (got < 0) ended_ = Ended::kReset;
    return got > 0;
  }

  base::FileDescriptor fd_;
  bool connected_ = false;
  Ended ended_ = Ended::kNo;
  std::string in_;
};

inline std::string get(const std::string& path, const std::string& fields = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}
inline std::string post(const std::string& path, const std::string& body,
                        const std::string& fields = {}) {
  return "POST " + path +
         " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

// What the handlers of one server saw. Thread-safe.
class Seen {
 public:
  void add(std::string what) {
    const std::scoped_lock lock(mutex_);
    all_.push_back(std::move(what));
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::scoped_lock lock(mutex_);
    return all_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> all_;
};

// /echo gives the body back; /who says who asked; /later answers at the end of the turn; /held when
// /release comes; /drop lets its Reply die; /secret and /refuse-secret use send_secret_json; /block
// waits for the gate; /big?N gives N bytes; /bye closes after its answer; /guarded takes no body.
class PathHandler final : public Handler {
 public:
  PathHandler(std::shared_ptr<Seen> seen, std::shared_future<void> gate)
      : seen_(std::move(seen)), gate_(std::move(gate)) {}

  void handle(Reply reply) override {
    const Request& request = reply.request();
    const std::string path(request.path);
    seen_->add(std::string(request.method) + " " + path);
    if (path == "/drop") return;
    if (path == "/later") return later_.push_back(std::move(reply));
    if (path == "/held") return held_.push_back(std::move(reply));
    if (path == "/release") release();
    if (path == "/block") gate_.wait();
    if (path == "/secret" || path == "/refuse-secret") {
      static constexpr std::string_view kBody = R"({"secrets":[]})";
      return reply.send_secret_json(kBody.size(), [&path](char* out) {
        kBody.copy(out, kBody.size());
        return path == "/secret";
      });
    }
    reply.send(response_to(request));
  }
  [[nodiscard]] std::optional<Response> refuse_before_body(const Request& request) override {
    if (request.path != "/guarded") return std::nullopt;
    seen_->add("guarded " + std::to_string(request.body.size()));
    return problem(401, "unauthorized", "not you");
  }
  void refused(std::string_view remote, int status, std::string_view why) override {
    seen_->add("refused " + std::string(remote) + " " + std::to_string(status) + " " +
               std::string(why));
    release();  // what is held: a refusal gets through where a request would be too many
  }
  void turn_end() override {
    if (later_.empty()) return;
    seen_->add("turn " + std::to_string(later_.size()));
    auto waiting = std::exchange(later_, {});
    for (Reply& reply : waiting) reply.send(text("later"));
  }

 private:
  static Response text(std::string body) {
    Response response;
    response.content_type = "text/plain";
    response.body = base::Secret(std::move(body));
    return response;
  }
  static Response response_to(const Request& request) {
    if (request.path == "/echo") return text(std::string(request.body));
    if (request.path == "/who") {
      return text(std::string(request.remote) + " " + std::to_string(request.peer_uid));
    }
    if (request.path == "/big") {
      std::size_t size = 0;
      std::from_chars(request.query.data(), request.query.data() + request.query.size(), size);
      return text(std::string(size, 'b'));
    }
    Response response = text("hello");
    if (request.path == "/bye") response.after = Response::After::kClose;
    return response;
  }
  void release() {
    auto waiting = std::exchange(held_, {});
    for (Reply& reply : waiting) reply.send(text("released"));
  }

  const std::shared_ptr<Seen> seen_;
  const std::shared_future<void> gate_;
  std::vector<Reply> later_, held_;
};

// A server with one listener, which runs until the end of the test.
class Served {
 public:
  explicit Served(const Options& options = {}, Listen listen = {.address = "127.0.0.1:0"})
      : server_(options) {
    listen.make_handler = [this, gate = gate_.get_future().share()] {
      return std::make_shared<PathHandler>(seen_, gate);
    };
    const auto bound = server_.listen(listen);
    if (!bound) {
      ADD_FAILURE() << bound.error().message;
      return;
    }
    server_.start();
  }
  ~Served() { open_gate(); }

  [[nodiscard]] std::string address() const { return server_.bound_address(0); }
  [[nodiscard]] Wire connect() const { return Wire(address()); }
  [[nodiscard]] Answer ask(std::string_view request) const { return connect().ask(request); }
  [[nodiscard]] std::vector<std::string> seen() const { return seen_->all(); }
  [[nodiscard]] std::size_t times_seen(std::string_view what) const {
    const auto all = seen();
    return static_cast<std::size_t>(std::ranges::count(all, what));
  }
  // Lets /block go on.
  void open_gate() {
    if (!std::exchange(gate_is_open_, true)) gate_.set_value();
  }
  Server& server() { return server_; }
  [[nodiscard]] std::size_t open_connections() const { return server_.open_connections(); }

 private:
  std::shared_ptr<Seen> seen_ = std::make_shared<Seen>();
  std::promise<void> gate_;
  bool gate_is_open_ = false;
  Server server_;
};

struct Ran {
  int status = -1;  // -1: it could not be started
  std::string out;  // both stdout and stderr
};

// Runs a program of the machine, such as curl or openssl, by an argument list.
inline Ran run(std::vector<std::string> arguments) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return {};
  const base::FileDescriptor reading(ends[0]);
  base::FileDescriptor writing(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), 2);
  ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.close();
  if (failed != 0) return {};
  Ran ran;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(reading.get(), bytes, sizeof bytes)) > 0;) {
    ran.out.append(bytes, static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return ran;
}

}  // namespace sutler::http::test
