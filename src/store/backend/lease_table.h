// Leases in memory, for backends that only one process has open.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace sutler::store {

// Thread-safe.
class LeaseTable {
 public:
  // `seconds` is of a clock that never goes back; nothing: the machine's.
  explicit LeaseTable(std::function<double()> seconds = {});
  // As Backend::lease().
  [[nodiscard]] bool take(const std::string& name, const std::string& holder,
                          std::chrono::seconds time);

 private:
  struct Lease {
    std::string holder;
    double until = 0;
  };
  const std::function<double()> seconds_;
  std::mutex mutex_;
  std::map<std::string, Lease> leases_;
};

}  // namespace sutler::store
