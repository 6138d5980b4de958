// The signals of the process, taken by a thread of its own: whoever waits for something that may
// take long is told to hurry, whether or not the main thread is that one.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

namespace sutler::server {

class Signals {
 public:
  // Blocks SIGTERM, SIGINT and SIGHUP for this thread and all that it starts. Until serving(),
  // `ending` becomes true with the first SIGTERM or SIGINT; afterwards when nobody takes that one
  // within a second: who is to end the process waits for something himself.
  explicit Signals(std::shared_ptr<std::atomic<bool>> ending);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  void serving();
  // The next signal, or 0 after that time.
  [[nodiscard]] int wait(std::chrono::milliseconds limit);
  // Whether one came that ends the process.
  [[nodiscard]] bool asked_to_end() const;

 private:
  void run();
  void take(int signal);
  void hurry();

  const std::shared_ptr<std::atomic<bool>> ending_;
  sigset_t set_;
  mutable std::mutex mutex_;  // over what follows
  std::condition_variable news_;
  std::deque<int> waiting_;
  bool serving_ = false;
  bool asked_to_end_ = false;
  bool taken_ = false;  // the main thread knows
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sutler::server
