#include "http/connection_limits.h"

namespace sutler::http {

bool ConnectionLimits::enter(const std::string& client) {
  if (open_.fetch_add(1, std::memory_order_relaxed) >= max_) {
    open_.fetch_sub(1, std::memory_order_relaxed);
    return false;
  }
  const std::scoped_lock lock(mutex_);
  auto& count = clients_[client];
  if (count < per_client_max_) {
    ++count;
    return true;
  }
  open_.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void ConnectionLimits::leave(const std::string& client) {
  open_.fetch_sub(1, std::memory_order_relaxed);
  const std::scoped_lock lock(mutex_);
  const auto at = clients_.find(client);
  if (at != clients_.end() && --at->second == 0) clients_.erase(at);
}

}  // namespace sutler::http
