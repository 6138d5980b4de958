#include "http/server.h"

#include <sys/stat.h>

#include <cerrno>

#include <boost/asio/post.hpp>
#include <latch>
#include <thread>

#include "http/listener.h"
#include "http/loop.h"

namespace sutler::http {

using base::Result;

struct Server::Impl {
  struct Bound {
    std::string address;
    std::vector<std::shared_ptr<Listener>> listeners;  // one per loop, or one for a unix socket
    std::vector<std::size_t> loops;
  };

  explicit Impl(const Options& o)
      : options(o), limits(o.limits.connections_max, o.limits.connections_per_client_max) {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options.threads); ++i) {
      loops.push_back(std::make_unique<Loop>(options, limits));
    }
  }

  // Runs the function on every loop's own thread.
  void on_each_loop(const std::function<void(std::size_t)>& function) {
    for (std::size_t i = 0; i < loops.size(); ++i) {
      boost::asio::post(loops[i]->io(), [function, i] { function(i); });
    }
  }

  void for_listeners(std::size_t loop, const std::function<void(Listener&)>& visit) {
    for (auto& one : bound) {
      for (std::size_t i = 0; i < one.loops.size(); ++i) {
        if (one.loops[i] == loop) visit(*one.listeners[i]);
      }
    }
  }

  const Options options;
  ConnectionLimits limits;
  std::vector<std::unique_ptr<Loop>> loops;
  std::vector<Bound> bound;
  std::vector<std::thread> threads;
};

Server::Server(const Options& options) : impl_(std::make_unique<Impl>(options)) {}

Server::~Server() {
  for (auto& loop : impl_->loops) loop->stop();
  for (auto& thread : impl_->threads) thread.join();
  for (std::size_t i = 0; i < impl_->loops.size(); ++i) {
    impl_->for_listeners(i, [](Listener& listener) { listener.close(); });
    impl_->loops[i]->shut_down();
  }
}

Result<std::size_t> Server::listen(const Listen& listen) {
  Impl::Bound bound;
  std::string address = listen.address;
  const bool is_unix = address.starts_with("unix:");
  const std::size_t count = is_unix ? 1 : impl_->loops.size();
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = bind_socket(address, i == 0 ? Sharing::kNobody : Sharing::kOurOwn);
    if (!socket) return pass(socket);
    if (is_unix && listen.peers == Listen::Peers::kEverybody &&
        ::chmod(address.substr(5).c_str(), 0666) != 0) {
      return base::fail_errno(errno, "the mode of " + address + " cannot be set");
    }
    address = socket->address;  // port 0 is chosen once, then bound again by its number
    bound.address = address;
    bound.loops.push_back(i);
    bound.listeners.push_back(std::make_shared<Listener>(*impl_->loops[i], std::move(*socket),
                                                         listen.tls, listen.make_handler(),
                                                         GateOptions{listen.body_bytes_max}));
  }
  impl_->bound.push_back(std::move(bound));
  return impl_->bound.size() - 1;
}

std::string Server::bound_address(std::size_t listener) const {
  return impl_->bound[listener].address;
}

void Server::start() {
  for (auto& one : impl_->bound) {
    for (auto& listener : one.listeners) listener->start();
  }
  for (auto& loop : impl_->loops) {
    impl_->threads.emplace_back([&loop] { loop->run(); });
  }
}

void Server::set_tls(std::size_t listener, std::shared_ptr<const crypto::TlsContext> tls) {
  impl_->on_each_loop([this, listener, tls](std::size_t loop) {
    auto& bound = impl_->bound[listener];
    for (std::size_t i = 0; i < bound.loops.size(); ++i) {
      if (bound.loops[i] == loop) bound.listeners[i]->set_tls(tls);
    }
  });
}

bool Server::drain(std::chrono::milliseconds grace, const std::function<bool()>& give_up) {
  std::latch stopped(static_cast<std::ptrdiff_t>(impl_->loops.size()));
  impl_->on_each_loop([this, &stopped](std::size_t loop) {
    impl_->for_listeners(loop, [](Listener& listener) { listener.stop(); });
    impl_->loops[loop]->drain();
    stopped.count_down();
  });
  stopped.wait();
  const auto end = std::chrono::steady_clock::now() + grace;
  while (impl_->limits.open() > 0 && std::chrono::steady_clock::now() < end) {
    if (give_up && give_up()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return impl_->limits.open() == 0;
}

std::size_t Server::open_connections() const { return impl_->limits.open(); }

Server::Counts Server::counts() const {
  Counts sums;
  for (const auto& loop : impl_->loops) {
    const LoopCounts& counts = loop->counts();
    sums.accepted += base::value_of(counts.accepted);
    sums.turned_away += base::value_of(counts.turned_away);
    sums.exhausted += base::value_of(counts.exhausted);
    sums.refused += base::value_of(counts.refused);
  }
  return sums;
}

}  // namespace sutler::http
