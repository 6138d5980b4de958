// Counts open connections, in all and per client address. Thread-safe.
#pragma once

#include <atomic>
#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

namespace sutler::http {

class ConnectionLimits {
 public:
  ConnectionLimits(std::size_t max, std::size_t per_client_max)
      : max_(max), per_client_max_(per_client_max) {}

  // False: one too many; then nothing was counted.
  [[nodiscard]] bool enter(const std::string& client);
  void leave(const std::string& client);
  [[nodiscard]] std::size_t open() const { return open_.load(std::memory_order_relaxed); }

 private:
  const std::size_t max_;
  const std::size_t per_client_max_;
  std::atomic<std::size_t> open_{0};
  std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> clients_;
};

}  // namespace sutler::http
