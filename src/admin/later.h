// Requests that are answered later: searches that take a while and callers who wait for news. One
// thread does them, so that no lane (lanes.h) is taken up by either.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "http/exchange.h"

namespace sutler::admin {

enum class Patience { kWaits, kNone };  // kNone: answer now, with what there is

// Gives the answer, or nothing while it wants to be asked again (never with Patience::kNone). Owns
// all that it needs of the request; is called on another thread than the request came on.
using Later = std::function<std::optional<http::Response>(Patience)>;

// Thread-safe.
class LaterQueue {
 public:
  struct Limits {
    std::size_t jobs_max = 64;  // at once; above, 503 `busy`
    std::chrono::milliseconds ask_again{200};
  };
  LaterQueue() : LaterQueue(Limits()) {}
  explicit LaterQueue(Limits limits) : limits_(limits) {}
  ~LaterQueue() { stop(); }

  void take(http::Reply&& reply, Later later);
  // All that wait are answered now, and nothing is taken from then on. The servers whose replies
  // are held here must still be there.
  void stop();

 private:
  struct Job {
    http::Reply reply;
    Later later;
  };
  void run();

  const Limits limits_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::vector<Job> fresh_;
  std::size_t jobs_ = 0;
  bool stopped_ = false;
  std::thread thread_;  // started with the first job
};

}  // namespace sutler::admin
