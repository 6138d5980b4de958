// Which connections of a loop have bytes to read, or room again to write: one edge-triggered epoll
// (epoll(7)), for which Asio waits as for one descriptor. A kept-alive request so costs a recv and
// a send, and no recv in vain nor any call of the reactor's own (ADR 0031). On the loop's thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <functional>
#include <vector>

namespace sutler::http {

class Readiness {
 public:
  // Somebody who waits. Must remove() itself before it goes or its descriptor is closed.
  class Watched {
   public:
    // `events` are those of epoll_event; 0: of again().
    virtual void on_ready(std::uint32_t events) = 0;

   protected:
    ~Watched() = default;
  };

  explicit Readiness(boost::asio::io_context& io);
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;
  ~Readiness() = default;

  // From when the loop runs. `turn_end` is called when all of a turn were told.
  void start(std::function<void()> turn_end);
  // Within on_ready(): turn_end() is still to come.
  [[nodiscard]] bool is_telling() const { return is_telling_; }
  // What is there already is told as well, in the next turn. False: the kernel has no room for it.
  [[nodiscard]] bool watch_reading(int fd, Watched& watched);
  [[nodiscard]] bool watch_writing_too(int fd, Watched& watched);  // after watch_reading()
  // Nothing is told any more, even if it has happened already. `fd` may be closed then.
  void remove(const Watched& watched);
  // Tells `watched` in the next turn, after the others had theirs.
  void again(Watched& watched);

 private:
  struct Event {
    Watched* watched;  // null: it went
    std::uint32_t events;
  };
  void wait();
  void take_turn();
  int tell_all();

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor epoll_;
  std::function<void()> turn_end_ = [] {};
  bool is_telling_ = false;
  std::vector<Event> turn_;   // what is being told
  std::vector<Event> again_;  // what the next turn ends with
};

}  // namespace sutler::http
