// Threads that answer requests of the admin API, so that its loop waits for nothing: what asks the
// database or the disk may take seconds when those are slow, and whoever asks whether the server is
// alive must not stand behind it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "admin/access.h"
#include "http/exchange.h"

namespace sutler::admin {

// Thread-safe. Its threads start with the first request.
class Lane {
 public:
  struct Request {
    http::Reply reply;
    Door door;
    double since;  // monotonic seconds
  };
  // Sends the answer, from the lane's thread: Reply::send_from_anywhere().
  using Answer = std::function<void(Request)>;
  struct Limits {
    std::size_t threads = 1;
    std::size_t waiting_max = 1024;  // in line; above, 503 `busy`
  };
  Lane(Limits limits, Answer answer) : limits_(limits), answer_(std::move(answer)) {}
  ~Lane() { stop(); }
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  void take(Request&& request);
  // Whether one is being answered or waits for it.
  [[nodiscard]] bool is_busy() const;
  // Those in line are answered with 503, and so is what comes from then on; returns when those
  // that are being answered are. The servers whose replies are held here must still be there.
  void stop();

 private:
  void run();

  const Limits limits_;
  const Answer answer_;
  mutable std::mutex mutex_;  // over what follows
  std::condition_variable news_;
  std::deque<Request> line_;
  std::size_t at_work_ = 0;
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sutler::admin
