#include "server/signals.h"

#include <pthread.h>

#include <ctime>
#include <utility>

namespace sutler::server {
namespace {

constexpr std::chrono::seconds kMainThreadHas{1};

bool ends(int signal) { return signal == SIGTERM || signal == SIGINT; }

}  // namespace

Signals::Signals(std::shared_ptr<std::atomic<bool>> ending) : ending_(std::move(ending)) {
  sigemptyset(&set_);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, signal);
  pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { run(); });
}

Signals::~Signals() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  ::pthread_kill(thread_.native_handle(), SIGHUP);
  thread_.join();
}

void Signals::serving() {
  const std::lock_guard lock(mutex_);
  serving_ = true;
}

bool Signals::asked_to_end() const {
  const std::lock_guard lock(mutex_);
  return asked_to_end_;
}

int Signals::wait(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!news_.wait_for(lock, limit, [this] { return !waiting_.empty(); })) return 0;
  const int signal = waiting_.front();
  waiting_.pop_front();
  taken_ = taken_ || ends(signal);
  return signal;
}

void Signals::run() {
  for (;;) {
    int signal = 0;
    if (::sigwait(&set_, &signal) != 0) continue;
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
    }
    take(signal);
    if (ends(signal)) hurry();
  }
}

void Signals::take(int signal) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(signal);
  asked_to_end_ = asked_to_end_ || ends(signal);
  news_.notify_all();
}

// Those that come meanwhile are kept by the kernel.
void Signals::hurry() {
  const auto end = std::chrono::steady_clock::now() + kMainThreadHas;
  constexpr std::chrono::milliseconds kLook{50};
  std::unique_lock lock(mutex_);
  while (serving_ && !taken_ && !stopping_ && std::chrono::steady_clock::now() < end) {
    news_.wait_for(lock, kLook);
  }
  if (!taken_ && !stopping_) *ending_ = true;
}

}  // namespace sutler::server
