// Syslog messages (RFC 5424) over a unix datagram socket, UDP (RFC 5426) or TCP (RFC 6587).
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "audit/sink.h"
#include "base/file.h"

namespace sutler::audit {

using base::Code;
using base::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// Facility 10 (security), severity 6 (informational) or 5 (notice).
constexpr int kInformational = 10 * 8 + 6, kNotice = 10 * 8 + 5;
constexpr int kSendBufferBytes = 4 * 1024 * 1024;

// What stands between the quotes after `,"name":"`; the log's own lines only.
std::string_view member_of(std::string_view line, std::string_view start) {
  const std::size_t at = line.substr(0, 256).find(start);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = line.substr(at + start.size());
  return rest.substr(0, rest.find('"'));
}

std::string host_name() {
  char name[256] = {};
  if (::gethostname(name, sizeof name - 1) != 0 || name[0] == '\0') return "-";
  return name;
}

struct Target {
  int family = AF_UNSPEC;
  int type = SOCK_DGRAM;
  sockaddr_storage address{};
  socklen_t bytes = 0;
};

class SyslogSink final : public Sink {
 public:
  explicit SyslogSink(Target target) : target_(target), host_(host_name()) {}

  base::Result<void> write(std::string_view line, milliseconds limit) override {
    const auto end = steady_clock::now() + limit;
    std::string message = message_of(line);
    if (target_.type == SOCK_STREAM) message = std::to_string(message.size()) + ' ' + message;
    auto done = connect(end);
    if (done) done = put(message, end);
    if (!done) socket_.close();  // part of a message may be out: only a new connection is clean
    return done;
  }

 private:
  std::string message_of(std::string_view line) const {
    while (line.ends_with('\n')) line.remove_suffix(1);
    const bool ok = member_of(line, R"("outcome":")") == "ok";
    const std::string_view event = member_of(line, R"("event":")").substr(0, 32);
    std::string out = '<' + std::to_string(ok ? kInformational : kNotice) + ">1 ";
    out += member_of(line, R"("time":")");
    out += ' ' + host_ + " sutler " + std::to_string(::getpid()) + ' ';
    out += event.empty() ? "-" : event;
    out += " - ";
    out += line;
    return out;
  }

  base::Result<void> connect(steady_clock::time_point end) {
    if (socket_.is_open()) return {};
    socket_ = base::FileDescriptor(
        ::socket(target_.family, target_.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.is_open()) return base::fail_errno(errno, "syslog socket");
    (void)::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &kSendBufferBytes,
                       sizeof kSendBufferBytes);
    const auto* address = reinterpret_cast<const sockaddr*>(&target_.address);
    if (::connect(socket_.get(), address, target_.bytes) == 0) return {};
    if (errno != EINPROGRESS) return base::fail_errno(errno, "syslog cannot be reached");
    if (auto ready = wait(end); !ready) return ready;
    int error = 0;
    socklen_t size = sizeof error;
    (void)::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return base::fail_errno(error, "syslog cannot be reached");
    return {};
  }

  base::Result<void> wait(steady_clock::time_point end) const {
    for (;;) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
      pollfd ready{socket_.get(), POLLOUT, 0};
      const auto wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
      const int count = ::poll(&ready, 1, wait);
      if (count > 0) return {};
      if (count == 0) return fail(Code::kUnreachable, "syslog takes nothing");
      if (errno != EINTR) return base::fail_errno(errno, "syslog socket");
    }
  }

  base::Result<void> put(std::string_view bytes, steady_clock::time_point end) const {
    while (!bytes.empty()) {
      const ssize_t sent =
          ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent >= 0) {
        if (target_.type == SOCK_DGRAM) return {};
        bytes.remove_prefix(static_cast<std::size_t>(sent));
        continue;
      }
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) {
        return base::fail_errno(errno, "syslog takes nothing");
      }
      if (auto ready = wait(end); !ready) return ready;
    }
    return {};
  }

  const Target target_;
  const std::string host_;
  base::FileDescriptor socket_;
};

base::Result<Target> unix_target(const std::string& path) {
  Target target;
  target.family = AF_UNIX;
  auto& address = reinterpret_cast<sockaddr_un&>(target.address);
  if (path.empty() || path.front() != '/' || path.size() >= sizeof address.sun_path) {
    return fail(Code::kInvalid, "audit sink: \"" + path + "\" is not the path of a socket");
  }
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  target.bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return target;
}

base::Result<Target> network_target(const std::string& text, int type) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;  // a name would have to be asked for
  hints.ai_socktype = type;
  addrinfo* found = nullptr;
  const bool has_port = colon != std::string::npos && colon + 1 < text.size();
  if (!has_port ||
      ::getaddrinfo(host.c_str(), text.substr(colon + 1).c_str(), &hints, &found) != 0) {
    return fail(Code::kInvalid, "audit sink: \"" + text + "\" is not a numeric HOST:PORT");
  }
  Target target;
  target.family = found->ai_family;
  target.type = type;
  target.bytes = found->ai_addrlen;
  std::memcpy(&target.address, found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  return target;
}

base::Result<Target> target_of(const std::string& spec) {
  constexpr std::string_view kUnix = "syslog:", kUdp = "syslog+udp:", kTcp = "syslog+tcp:";
  if (spec == "syslog") return unix_target("/dev/log");
  if (spec.starts_with(kUnix)) return unix_target(spec.substr(kUnix.size()));
  if (spec.starts_with(kUdp)) return network_target(spec.substr(kUdp.size()), SOCK_DGRAM);
  if (spec.starts_with(kTcp)) return network_target(spec.substr(kTcp.size()), SOCK_STREAM);
  return fail(Code::kInvalid, "\"" + spec + "\" is no audit sink",
              "stdout, syslog, syslog:PATH, syslog+udp:HOST:PORT or syslog+tcp:HOST:PORT");
}

}  // namespace

base::Result<std::unique_ptr<Sink>> make_syslog_sink(const std::string& spec) {
  auto target = target_of(spec);
  if (!target) return base::pass(target);
  return std::unique_ptr<Sink>(std::make_unique<SyslogSink>(*target));
}

}  // namespace sutler::audit
