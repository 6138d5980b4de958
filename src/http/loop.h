// One thread's event loop: its io_context, its connections and their deadlines.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/metric.h"
#include "http/connection_limits.h"
#include "http/exchange.h"
#include "http/readiness.h"
#include "http/server.h"

namespace sutler::http {

class Session;

// What happened on one loop; written by its thread only.
struct LoopCounts {
  std::atomic<std::uint64_t> accepted{0}, turned_away{0}, exhausted{0}, refused{0};
};

class Loop;

// Through which other threads reach a loop while it is there.
struct LoopDoor {
  std::mutex mutex;
  Loop* loop = nullptr;  // null: it has ended
};

class Loop {
 public:
  Loop(const Options& options, ConnectionLimits& limits);
  ~Loop();

  [[nodiscard]] boost::asio::io_context& io() { return io_; }
  [[nodiscard]] Readiness& readiness() { return readiness_; }
  [[nodiscard]] const std::shared_ptr<LoopDoor>& door() const { return door_; }
  [[nodiscard]] const Options& options() const { return options_; }
  [[nodiscard]] ConnectionLimits& limits() { return limits_; }
  [[nodiscard]] LoopCounts& counts() { return counts_; }

  // Milliseconds of a clock that never goes back, as of the last tick or call of update_now().
  [[nodiscard]] std::int64_t now_ms() const { return now_ms_; }
  // "Date: …\r\n" of this second.
  [[nodiscard]] std::string_view date_line() const { return date_line_; }
  // 16 hex digits, different for each request of this process.
  void next_request_id(char* out);

  void run();  // until stop()
  void stop();
  // After run() has returned for good, on whatever thread: no session is left, and no Reply keeps
  // one.
  void shut_down();
  void add(const std::shared_ptr<Session>& session);
  void remove(Session* session);
  // Lets the handler's turn_end() be called once when all that is ready now was handled.
  void schedule_turn_end(const std::shared_ptr<Handler>& handler);
  // Sessions finish what they do and close. On the loop's thread.
  void drain();
  [[nodiscard]] bool draining() const { return draining_; }
  // It has its share of Limits::files_max: one loop can not take them all.
  [[nodiscard]] bool is_full() const { return sessions_.size() >= connections_max_; }
  // Then, and at EMFILE: closes the connection that has been waiting longest for a request. False
  // when there is none.
  [[nodiscard]] bool make_room();
  // True once a minute at most.
  [[nodiscard]] bool may_tell_of_exhaustion();

  [[nodiscard]] std::uint64_t next_idle_order() { return ++idle_order_; }

  std::size_t in_flight = 0;

 private:
  void tick();
  void end_turn();
  void update_now();
  void close_door();

  const std::shared_ptr<LoopDoor> door_ = std::make_shared<LoopDoor>();
  const Options options_;
  ConnectionLimits& limits_;
  LoopCounts counts_;
  boost::asio::io_context io_{1};
  Readiness readiness_{io_};
  boost::asio::steady_timer timer_{io_};
  std::vector<std::shared_ptr<Session>> sessions_;
  const std::size_t connections_max_;
  std::vector<std::shared_ptr<Handler>> turn_;
  bool turn_scheduled_ = false;
  bool draining_ = false;
  std::int64_t now_ms_ = 0;
  std::int64_t told_of_exhaustion_ms_ = 0;  // 0: never
  std::int64_t date_second_ = 0;
  std::string date_line_;
  std::uint64_t id_prefix_ = 0;
  std::uint32_t id_counter_ = 0;
  std::uint64_t idle_order_ = 0;
};

}  // namespace sutler::http
