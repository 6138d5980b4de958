#include "admin/lanes.h"

#include <pthread.h>

#include <csignal>

#include "base/wipe.h"

namespace sutler::admin {
namespace {

http::Response later_please(std::string_view code, std::string_view detail) {
  auto response = http::problem(503, code, detail);
  response.extra_fields = "Retry-After: 5\r\n";
  return response;
}

}  // namespace

void Lane::take(Request&& request) {
  bool stopped = false;
  {
    const std::lock_guard lock(mutex_);
    stopped = stopped_;
    if (!stopped && line_.size() < limits_.waiting_max) {
      line_.push_back(std::move(request));
      if (threads_.size() < limits_.threads && threads_.size() < line_.size() + at_work_) {
        threads_.emplace_back([this] { run(); });
      }
      news_.notify_one();
      return;
    }
  }
  request.reply.send_from_anywhere(stopped
                                       ? later_please("stopping", "this server is stopping")
                                       : later_please("busy", "too many requests wait already"));
}

bool Lane::is_busy() const {
  const std::lock_guard lock(mutex_);
  return at_work_ > 0 || !line_.empty();
}

void Lane::stop() {
  std::deque<Request> left;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(line_);
    threads.swap(threads_);
  }
  news_.notify_all();
  for (Request& request : left) {
    request.reply.send_from_anywhere(later_please("stopping", "this server is stopping"));
  }
  for (auto& thread : threads) thread.join();
}

void Lane::run() {
  sigset_t all;  // signals are for the thread that waits for them
  sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return stopped_ || !line_.empty(); });
    if (line_.empty()) return;
    Request request = std::move(line_.front());
    line_.pop_front();
    ++at_work_;
    lock.unlock();
    answer_(std::move(request));
    base::wipe_stack();
    base::wipe_registers();
    lock.lock();
    --at_work_;
  }
}

}  // namespace sutler::admin
