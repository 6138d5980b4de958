#include "admin/later.h"

#include <pthread.h>

#include <csignal>
#include <exception>
#include <utility>

#include "base/log.h"

namespace sutler::admin {
namespace {

http::Response busy() {
  auto response = http::problem(503, "busy", "too many callers wait for the audit log");
  response.extra_fields = "Retry-After: 5\r\n";
  return response;
}

std::optional<http::Response> ask(const Later& later, Patience patience) {
  try {
    return later(patience);
  } catch (const std::exception& error) {
    base::log::error("a request of the admin API failed", {{"error", error.what()}});
    return http::problem(500, "internal", "the request could not be handled");
  }
}

}  // namespace

void LaterQueue::take(http::Reply&& reply, Later later) {
  {
    const std::lock_guard lock(mutex_);
    if (!stopped_ && jobs_ < limits_.jobs_max) {
      ++jobs_;
      fresh_.push_back({std::move(reply), std::move(later)});
      if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
      news_.notify_one();
      return;
    }
  }
  reply.send_from_anywhere(busy());
}

void LaterQueue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    news_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void LaterQueue::run() {
  sigset_t all;  // signals are for the thread that waits for them
  sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::vector<Job> jobs;
  std::unique_lock lock(mutex_);
  for (;;) {
    const auto has_news = [this] { return stopped_ || !fresh_.empty(); };
    if (jobs.empty()) {
      news_.wait(lock, has_news);
    } else {
      news_.wait_for(lock, limits_.ask_again, has_news);
    }
    const bool last = stopped_;
    for (Job& job : fresh_) jobs.push_back(std::move(job));
    fresh_.clear();
    lock.unlock();
    std::vector<Job> waiting;
    for (Job& job : jobs) {
      auto answer = ask(job.later, last ? Patience::kNone : Patience::kWaits);
      if (answer) {
        job.reply.send_from_anywhere(std::move(*answer));
      } else {
        waiting.push_back(std::move(job));
      }
    }
    jobs = std::move(waiting);
    lock.lock();
    jobs_ = jobs.size() + fresh_.size();
    if (last) return;
  }
}

}  // namespace sutler::admin
