#include "client/connections.h"

#include <mutex>
#include <utility>
#include <vector>

namespace sutler::client {

struct Connections::Idle {
  std::mutex mutex;
  std::vector<Easy> handles;  // the one used last at the end
};

namespace {
constexpr std::size_t kIdleMax = 16;
}

Connections::Connections() : idle_(std::make_unique<Idle>()) {}
Connections::~Connections() = default;

Borrowed::Borrowed(Connections* from) : from_(from) {
  if (from_ != nullptr) {
    const std::scoped_lock lock(from_->idle_->mutex);
    auto& handles = from_->idle_->handles;
    if (!handles.empty()) {
      easy = std::move(handles.back());
      handles.pop_back();
    }
  }
  if (!easy) easy.reset(curl_easy_init());
}

Borrowed::~Borrowed() {
  if (from_ == nullptr || !easy) return;
  curl_easy_reset(easy.get());  // the options go, with copies of what was secret; connections stay
  const std::scoped_lock lock(from_->idle_->mutex);
  auto& handles = from_->idle_->handles;
  if (handles.size() < kIdleMax) handles.push_back(std::move(easy));
}

}  // namespace sutler::client
