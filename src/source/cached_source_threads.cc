// The threads of a CachedSource: made, ended, and given up where they hang.
#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "source/cached_source.h"

namespace sutler::source {

void CachedSource::start() {
  if (driver_->watches() == Driver::Watches::kNo) return;
  watches_ = true;
  watcher_ = std::thread([self = shared_from_this()] { self->watch(); });
}

// As many as what is queued is worth, batches apart.
void CachedSource::make_threads() {
  for (std::thread& thread : ended_threads_) thread.join();
  ended_threads_.clear();
  const std::size_t batch = std::max<std::size_t>(driver_->batch_max(), 1);
  const std::size_t wanted = (queued_ + batch - 1) / batch;
  for (std::size_t i = 0; i < std::min(wanted, idle_); ++i) work_.notify_one();
  const std::size_t most = std::max<std::size_t>(common_.concurrency, 1);
  try {
    for (std::size_t spare = idle_; !stopped_ && spare < wanted && live_ < most; ++spare) {
      std::thread thread([self = shared_from_this()] { self->work(); });
      ++live_;
      const auto id = thread.get_id();
      threads_.emplace(id, std::move(thread));
    }
  } catch (const std::system_error&) {
    // None to be had now: one that is there takes it over, or the keeper tries again.
  }
}

void CachedSource::watch() {
  Lock lock(mutex_);
  while (!stopped_) {
    watch_.wait_for(lock, shared_->options.tick, [&] { return stopped_; });
    if (stopped_) break;
    lock.unlock();
    take_changed();
    lock.lock();
  }
  watches_ = false;
  ended_.notify_all();
}

void CachedSource::take_changed() {
  std::vector<std::string> changed;
  try {
    changed = driver_->take_changed();
  } catch (...) {
    base::log::warning("a source cannot tell what has changed", {{"source", common_.name}});
  }
  if (changed.empty()) return;
  const std::lock_guard lock(mutex_);
  if (stopped_) return;
  const base::UnixTime now = shared_->clock.now();
  for (const std::string& locator : changed) {
    const auto at = slots_.find(locator);
    if (at == slots_.end()) continue;
    const SlotPointer& slot = at->second;
    slot->known.fresh_until = std::min(slot->known.fresh_until, now);
    slot->hold({});
    if (slot->known.asking == Known::Asking::kYes) {
      slot->changed = true;
    } else if (is_in_use(spans_, slot->last_use(), now) && breaker_.admits(now)) {
      enqueue(slot);
    }
  }
  make_threads();
}

void CachedSource::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  work_.notify_all();
  pause_.notify_all();
  watch_.notify_all();
}

void CachedSource::wait_for_end() {
  Lock lock(mutex_);
  const auto hanging = [&] {
    return static_cast<std::size_t>(
        std::ranges::count_if(calls_, [](const CallPointer& call) { return call->in_driver; }));
  };
  ended_.wait_until(lock, std::chrono::steady_clock::now() + common_.deadline + kGrace,
                    [&] { return live_ == 0 && !watches_; });
  ended_.wait(lock, [&] { return live_ <= hanging(); });
  for (std::thread& thread : std::exchange(ended_threads_, {})) thread.join();
  // They own what they need, and find out when they come back.
  for (auto& [id, thread] : std::exchange(threads_, {})) thread.detach();
  if (!watcher_.joinable()) return;
  watches_ ? watcher_.detach() : watcher_.join();
}

}  // namespace sutler::source
