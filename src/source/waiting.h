// Those who wait for documents: a count that runs down, and a clock that loses patience.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "source/driver.h"

namespace sutler::source {

// One obtain(): `done` is called once, when all that it waits for is settled or time is up.
class Waiting {
 public:
  explicit Waiting(std::function<void()> done) : done_(std::move(done)) {}

  // One more thing to wait for; it starts with one, which the maker settles when all are added.
  void add() { left_.fetch_add(1, std::memory_order_relaxed); }
  // True when it was the last.
  [[nodiscard]] bool settle() { return left_.fetch_sub(1, std::memory_order_acq_rel) == 1; }
  void fire() {
    if (fired_.exchange(true, std::memory_order_acq_rel)) return;
    std::exchange(done_, nullptr)();
  }
  [[nodiscard]] bool is_fired() const { return fired_.load(std::memory_order_acquire); }

 private:
  std::function<void()> done_;
  std::atomic<std::size_t> left_{1};
  std::atomic<bool> fired_{false};
};

// A thread that fires them at their deadline, or at once. Thread-safe.
class Alarm {
 public:
  Alarm();
  ~Alarm();  // fires nothing more

  void at(Deadline deadline, std::shared_ptr<Waiting> waiting);
  void now(std::shared_ptr<Waiting> waiting);
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::multimap<Deadline, std::weak_ptr<Waiting>> deadlines_;
  std::vector<std::shared_ptr<Waiting>> ready_;
  bool stopped_ = false;
  std::thread thread_;
};

}  // namespace sutler::source
