// Keeps this node's snapshot at the shared database's revision, and knows for how long it could
// not.
//
// A thread of its own waits for news and takes them over. While the database is away it tries twice
// a second; fetches go on from memory. Only for a store that several nodes share.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "base/result.h"
#include "store/store.h"

namespace sutler::server {

class Follower {
 public:
  // The store must outlive it.
  explicit Follower(store::Store& store);
  ~Follower();
  Follower(const Follower&) = delete;
  Follower& operator=(const Follower&) = delete;

  void start();
  void stop();

  // Since the snapshot was last known to be what the database holds.
  [[nodiscard]] double age_seconds() const;
  // Why the database could not be asked the last time; nothing while it answers.
  [[nodiscard]] std::optional<base::Error> trouble() const;
  [[nodiscard]] std::uint64_t outages() const { return outages_.load(); }
  // How often the snapshot was replaced by what others had committed.
  [[nodiscard]] std::uint64_t taken_over() const { return taken_over_.load(); }

 private:
  void run();
  [[nodiscard]] base::Result<void> look();
  void note(const base::Result<void>& looked);
  [[nodiscard]] bool rest();

  store::Store& store_;
  std::atomic<double> confirmed_;  // monotonic seconds
  std::atomic<std::uint64_t> outages_{0};
  std::atomic<std::uint64_t> taken_over_{0};
  double head_seen_ = 0;
  std::chrono::milliseconds rest_{0};
  int contradictions_ = 0;  // one after the other, between the revision and the head
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<base::Error> trouble_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sutler::server
