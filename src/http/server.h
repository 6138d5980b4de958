// Listeners and the threads that serve them.
//
// Each thread has one io_context; each TCP address is bound once per thread with SO_REUSEPORT, so
// that connections never change threads. Nothing of a connection is shared but the counters of the
// limits.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/tls.h"
#include "http/exchange.h"

namespace sutler::http {

// Deadlines are kept within a quarter of a second.
struct Timeouts {
  std::chrono::milliseconds header{10'000};  // first byte of a request to its empty line; TLS too
  std::chrono::milliseconds body{60'000};    // empty line to the last byte of the body
  std::chrono::milliseconds idle{75'000};    // between requests
  std::chrono::milliseconds write{30'000};   // whole answer, plus a second per 64 KiB
  std::chrono::milliseconds linger{2'000};   // after a refusal, so that the answer arrives
  std::chrono::milliseconds drain_idle{1'000};  // while draining: for a request already on its way
};

struct Limits {
  std::size_t connections_max = 10'000;             // over all listeners of one server
  std::size_t connections_per_client_max = 10'000;  // from one address
  std::size_t in_flight_max = 16'384;               // per thread; above: 503
  // Open files that connections may take, each thread its share. What only waits makes room then.
  std::size_t files_max = std::numeric_limits<std::size_t>::max();
};

struct Options {
  std::size_t threads = 1;
  Timeouts timeouts;
  Limits limits;
};

struct Listen {
  // "127.0.0.1:8080", "[::1]:0" or "unix:/path/to/socket" (an old one is replaced).
  std::string address;
  std::shared_ptr<const crypto::TlsContext> tls = nullptr;  // null: plain
  std::size_t body_bytes_max = 0;
  // Called once per thread; the handler is used on that thread only.
  std::function<std::shared_ptr<Handler>()> make_handler;
  // Who may connect to a unix socket (0600 or 0666); with kEverybody its handler judges the peer.
  enum class Peers { kOwner, kEverybody } peers = Peers::kOwner;
};

class Server {
 public:
  explicit Server(const Options& options);
  ~Server();  // stops at once

  // Binds; gives the listener's number. kInvalid: an address that cannot be read; kConflict: in
  // use; kRefused: not ours to bind. Before start() only.
  [[nodiscard]] base::Result<std::size_t> listen(const Listen& listen);
  // "127.0.0.1:40123": what was bound, with the real port.
  [[nodiscard]] std::string bound_address(std::size_t listener) const;
  void start();
  // New connections of that listener use the new certificate.
  void set_tls(std::size_t listener, std::shared_ptr<const crypto::TlsContext> tls);
  // Stops accepting, lets what is on its way finish, and returns when all connections are closed
  // (true), or after `grace`, or as soon as `give_up`, which is asked all the time, says so.
  bool drain(std::chrono::milliseconds grace, const std::function<bool()>& give_up = {});
  [[nodiscard]] std::size_t open_connections() const;
  // Since the start, over all threads and listeners. Any thread may ask.
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t turned_away = 0;  // over a limit of connections
    std::uint64_t exhausted = 0;    // times that no descriptor or memory was left
    std::uint64_t refused = 0;      // requests that did not pass the gate
  };
  [[nodiscard]] Counts counts() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sutler::http
