#include "http/listener.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <system_error>

#include "base/log.h"
#include "http/session.h"

namespace sutler::http {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr int kBacklog = 4096;
constexpr std::chrono::milliseconds kBackOff{100};
// Accepting goes on for a while, but other connections must get their turn.
constexpr int kAcceptsPerTurn = 64;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

base::Unexpected in_use(const std::string& text) {
  return fail(Code::kConflict, "address " + text + " is in use",
              "choose another, or stop who listens there (ss -ltnp)");
}

base::Unexpected bad_address(const std::string& text) {
  return fail(Code::kInvalid, "address " + text + " cannot be read",
              "write HOST:PORT with a numeric host, such as 127.0.0.1:8080 or [::1]:8080");
}

Result<Address> parse_tcp(const std::string& text) {
  const auto colon = text.rfind(':');
  if (colon == std::string::npos) return bad_address(text);
  std::string host = text.substr(0, colon);
  const std::string port_text = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] =
      std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
  if (error != std::errc() || end != port_text.data() + port_text.size()) return bad_address(text);
  if (host == "localhost") host = "127.0.0.1";
  Address address;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.storage);
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(port);
    address.size = sizeof *v6;
    if (::inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return bad_address(text);
    return address;
  }
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.storage);
  v4->sin_family = AF_INET;
  v4->sin_port = htons(port);
  address.size = sizeof *v4;
  if (::inet_pton(AF_INET, host.c_str(), &v4->sin_addr) != 1) return bad_address(text);
  return address;
}

Result<Address> parse_unix(const std::string& path) {
  Address address;
  auto* un = reinterpret_cast<sockaddr_un*>(&address.storage);
  if (path.size() >= sizeof un->sun_path) {
    return fail(Code::kInvalid,
                "socket path " + path + " is longer than " +
                    std::to_string(sizeof un->sun_path - 1) + " bytes",
                "use a shorter --data-dir");
  }
  un->sun_family = AF_UNIX;
  std::memcpy(un->sun_path, path.c_str(), path.size() + 1);
  address.size = sizeof *un;
  return address;
}

// inet_ntop prints with sprintf, which is felt when each request has a connection of its own.
std::string dotted(const void* address) {
  unsigned char bytes[4];
  std::memcpy(bytes, address, sizeof bytes);
  char text[sizeof "255.255.255.255"];
  char* end = text;
  for (const unsigned char byte : bytes) {
    if (end != text) *end++ = '.';
    end = std::to_chars(end, text + sizeof text, static_cast<unsigned>(byte)).ptr;
  }
  return {text, end};
}

// The peer's address in text form; an IPv4-mapped IPv6 address as IPv4.
std::string text_of(const sockaddr_storage& storage) {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    return dotted(&reinterpret_cast<const sockaddr_in&>(storage).sin_addr);
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      return dotted(&v6.s6_addr[12]);
    }
    ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    return text;
  }
  return "unix";
}

// As the kernel's audit keeps it; -1 where it is not kept, or the process is gone already. Read
// when the connection is taken, since later the number may be another process's.
std::int64_t login_uid_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/loginuid";
  const base::FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd.is_open()) return -1;
  char text[16] = {};
  const ssize_t bytes = ::read(fd.get(), text, sizeof text);
  std::uint32_t uid = 0;
  if (bytes <= 0 || std::from_chars(text, text + bytes, uid).ec != std::errc()) return -1;
  return uid;
}

std::string bound_text(int fd, const std::string& wanted) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return wanted;
  if (storage.ss_family == AF_UNIX) return wanted;
  const bool v6 = storage.ss_family == AF_INET6;
  const auto port = ntohs(v6 ? reinterpret_cast<sockaddr_in6&>(storage).sin6_port
                             : reinterpret_cast<sockaddr_in&>(storage).sin_port);
  const std::string host = text_of(storage);
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

void set_tcp_options(int fd) {
  const int on = 1;
  // Accepted sockets inherit these on Linux, which saves a call per connection.
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  (void)::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  (void)::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

namespace {

// A port that another process has would be shared with it in silence, for SO_REUSEPORT lets
// processes of one user do that. So the first socket of an address is tried without.
Result<void> require_free(const Address& address, const std::string& text) {
  const base::FileDescriptor fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  (void)::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
      errno == EADDRINUSE) {
    return in_use(text);
  }
  return {};
}

}  // namespace

Result<BoundSocket> bind_socket(const std::string& text, Sharing sharing) {
  const bool is_unix = text.starts_with("unix:");
  const std::string path = is_unix ? text.substr(5) : "";
  auto address = is_unix ? parse_unix(path) : parse_tcp(text);
  if (!address) return pass(address);
  const int family = address->storage.ss_family;
  if (!is_unix && sharing == Sharing::kNobody) {
    if (auto free = require_free(*address, text); !free) return pass(free);
  }
  base::FileDescriptor fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.is_open()) return base::fail_errno(errno, "no socket for " + text);
  if (is_unix) {
    ::unlink(path.c_str());
    (void)::fchmod(fd.get(), 0600);  // before bind: the file never has more
  } else {
    set_tcp_options(fd.get());
  }
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) != 0) {
    const int error = errno;
    if (error == EADDRINUSE) return in_use(text);
    auto failed = base::fail_errno(error, "address " + text + " cannot be bound");
    if (error == EACCES && !is_unix) {
      failed.error().hint = "ports below 1024 want root or CAP_NET_BIND_SERVICE";
    }
    return failed;
  }
  if (::listen(fd.get(), kBacklog) != 0) return base::fail_errno(errno, "listen on " + text);
  std::string bound = bound_text(fd.get(), text);
  return BoundSocket{std::move(fd), family, std::move(bound)};
}

Listener::Listener(Loop& loop, BoundSocket socket, std::shared_ptr<const crypto::TlsContext> tls,
                   std::shared_ptr<Handler> handler, const GateOptions& gate)
    : loop_(loop),
      socket_(std::move(socket.fd)),
      back_off_(loop.io()),
      family_(socket.family),
      tls_(std::move(tls)),
      handler_(std::move(handler)),
      gate_(gate) {}

void Listener::start() {
  if (loop_.readiness().watch_reading(socket_.get(), *this)) return;
  throw std::system_error(errno, std::generic_category(), "a listening socket cannot be watched");
}

void Listener::on_ready(std::uint32_t events) {
  const bool is_again = events == 0;
  if (room_ == Room::kOthersFirst && !is_again) return;  // it is told again after the others
  const auto self = shared_from_this();
  accept_waiting();
}

void Listener::accept_waiting() {
  for (int i = 0; i < kAcceptsPerTurn && socket_.is_open(); ++i) {
    switch (accept_one()) {
      case Accepted::kOne: room_ = Room::kEnough; break;
      case Accepted::kNone: room_ = Room::kEnough; return;  // the next one is told
      case Accepted::kExhausted:
        if (!find_room()) return;
    }
  }
  if (socket_.is_open()) loop_.readiness().again(*this);
}

// Out of descriptors or memory. First the others have their turn: what has ended makes room by
// itself. Then the connection that has been waiting longest does. Where that does not help the
// listener waits a little instead of spinning; it never ends. True: it may try again at once.
bool Listener::find_room() {
  if (room_ == Room::kEnough) {
    room_ = Room::kOthersFirst;
    loop_.readiness().again(*this);
    return false;
  }
  base::count(loop_.counts().exhausted);
  if (loop_.may_tell_of_exhaustion()) {
    base::log::warning("no file descriptors are left to accept connections",
                       {{"done", "waiting connections are closed to make room"}});
  }
  if (room_ == Room::kOthersFirst && loop_.make_room()) {
    room_ = Room::kMade;
    return true;
  }
  back_off_.expires_after(kBackOff);
  back_off_.async_wait([self = shared_from_this()](const boost::system::error_code& ec) {
    if (!ec) self->accept_waiting();
  });
  room_ = Room::kEnough;
  return false;
}

// At EMFILE accept4(2) says so before it looks whether somebody waits at all.
Listener::Accepted Listener::without_room() const {
  pollfd waiting{socket_.get(), POLLIN, 0};
  return ::poll(&waiting, 1, 0) > 0 ? Accepted::kExhausted : Accepted::kNone;
}

Listener::Accepted Listener::accept_one() {
  if (loop_.is_full()) return without_room();
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  const int fd = ::accept4(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &size,
                           SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Accepted::kNone;
    if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      return without_room();
    }
    return Accepted::kOne;  // this one is gone already (ECONNABORTED and the like); the next may
                            // not be
  }
  Peer peer{base::FileDescriptor(fd), text_of(storage)};
  if (!loop_.limits().enter(peer.address)) {
    base::count(loop_.counts().turned_away);
    turn_away(peer.fd.get());
    return Accepted::kOne;
  }
  if (family_ == AF_UNIX) {
    ucred credentials{};
    socklen_t bytes = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) == 0) {
      peer.uid = credentials.uid;
      peer.login_uid = login_uid_of(credentials.pid);
    }
  }
  std::make_shared<Session>(loop_, peer, tls_, handler_, gate_)->start();
  base::count(loop_.counts().accepted);
  return Accepted::kOne;
}

// Over the connection limit: say so where that needs no handshake, and close.
void Listener::turn_away(int fd) const {
  if (!tls_) {
    constexpr std::string_view kAnswer =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nCache-Control: no-store\r\n"
        "Retry-After: 1\r\nConnection: close\r\n\r\n";
    (void)::send(fd, kAnswer.data(), kAnswer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
}

void Listener::stop() {
  while (socket_.is_open() && accept_one() == Accepted::kOne) {
  }
  back_off_.cancel();
  close();
}

void Listener::close() {
  if (!socket_.is_open()) return;  // the loop may be gone by now
  loop_.readiness().remove(*this);
  socket_.close();
}

}  // namespace sutler::http
