#include "source/waiting.h"

namespace sutler::source {

Alarm::Alarm() : thread_([this] { run(); }) {}

Alarm::~Alarm() { stop(); }

void Alarm::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Alarm::at(Deadline deadline, std::shared_ptr<Waiting> waiting) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    const auto at = deadlines_.emplace(deadline, std::move(waiting));
    first = at == deadlines_.begin();
  }
  if (first) changed_.notify_all();
}

void Alarm::now(std::shared_ptr<Waiting> waiting) {
  {
    const std::lock_guard lock(mutex_);
    ready_.push_back(std::move(waiting));
  }
  changed_.notify_all();
}

void Alarm::run() {
  std::unique_lock lock(mutex_);
  while (!stopped_) {
    auto ready = std::exchange(ready_, {});
    const auto now = std::chrono::steady_clock::now();
    while (!deadlines_.empty() && deadlines_.begin()->first <= now) {
      if (auto waiting = deadlines_.begin()->second.lock()) ready.push_back(std::move(waiting));
      deadlines_.erase(deadlines_.begin());
    }
    if (!ready.empty()) {
      lock.unlock();
      for (const auto& waiting : ready) waiting->fire();
      ready.clear();
      lock.lock();
      continue;
    }
    if (deadlines_.empty()) {
      changed_.wait(lock);
    } else {
      const Deadline next = deadlines_.begin()->first;
      changed_.wait_until(lock, next);
    }
  }
}

}  // namespace sutler::source
