// One listening socket on one loop: accepts and starts sessions.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "base/file.h"
#include "base/result.h"
#include "crypto/tls.h"
#include "http/gate.h"
#include "http/loop.h"
#include "http/readiness.h"

namespace sutler::http {

// A bound and listening socket.
struct BoundSocket {
  base::FileDescriptor fd;
  int family = 0;
  std::string address;  // with the real port
};

// kOurOwn: another thread of ours has the port, and the kernel spreads connections over both.
enum class Sharing { kNobody, kOurOwn };

// "host:port", "[v6]:port" or "unix:/path"; see Listen.
[[nodiscard]] base::Result<BoundSocket> bind_socket(const std::string& address, Sharing sharing);

class Listener final : public std::enable_shared_from_this<Listener>, public Readiness::Watched {
 public:
  Listener(Loop& loop, BoundSocket socket, std::shared_ptr<const crypto::TlsContext> tls,
           std::shared_ptr<Handler> handler, const GateOptions& gate);

  ~Listener() { close(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void start();
  void on_ready(std::uint32_t events) override;
  void set_tls(std::shared_ptr<const crypto::TlsContext> tls) { tls_ = std::move(tls); }
  // Takes what already waits in the backlog, then closes the socket.
  void stop();
  // At once. Before the loop goes.
  void close();

 private:
  enum class Accepted { kOne, kNone, kExhausted };
  // What was done for who waits next. kOthersFirst: again() was asked for.
  enum class Room { kEnough, kOthersFirst, kMade };

  void accept_waiting();
  [[nodiscard]] bool find_room();
  [[nodiscard]] Accepted accept_one();
  [[nodiscard]] Accepted without_room() const;
  void turn_away(int fd) const;

  Loop& loop_;
  base::FileDescriptor socket_;
  boost::asio::steady_timer back_off_;
  const int family_;
  std::shared_ptr<const crypto::TlsContext> tls_;
  const std::shared_ptr<Handler> handler_;
  const GateOptions gate_;
  Room room_ = Room::kEnough;
};

}  // namespace sutler::http
