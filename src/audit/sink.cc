#include "audit/sink.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/file.h"
#include "base/log.h"

namespace sutler::audit {

using base::Code;
using base::fail;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// The standard output may be a pipe that nobody reads. A pipe that is ready takes that much without
// blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kPieceBytes = 4096;

class StdoutSink final : public Sink {
 public:
  base::Result<void> write(std::string_view line, milliseconds limit) override {
    const auto end = steady_clock::now() + limit;
    if (torn_) line_break_owed_ = true;
    torn_ = false;
    if (line_break_owed_) {
      if (auto done = put("\n", end); !done) return done;
      line_break_owed_ = false;
    }
    return put(line, end);
  }

 private:
  base::Result<void> put(std::string_view bytes, steady_clock::time_point end) {
    while (!bytes.empty()) {
      const auto left = std::chrono::duration_cast<milliseconds>(end - steady_clock::now());
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      const auto wait = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
      const int count = ::poll(&ready, 1, wait);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return fail(Code::kUnreachable, "the standard output takes nothing");
      const ssize_t wrote =
          ::write(STDOUT_FILENO, bytes.data(), std::min(bytes.size(), kPieceBytes));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return base::fail_errno(errno, "the standard output");
      torn_ = true;
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
    }
    torn_ = false;
    return {};
  }

  bool torn_ = false;  // a line is out in part
  bool line_break_owed_ = false;
};

}  // namespace

base::Result<std::unique_ptr<Sink>> make_sink(const std::string& spec) {
  if (spec == "stdout") return std::unique_ptr<Sink>(std::make_unique<StdoutSink>());
  return make_syslog_sink(spec);
}

SinkQueue::SinkQueue(std::string name, std::unique_ptr<Sink> sink, Limits limits)
    : name_(std::move(name)), sink_(std::move(sink)), limits_(limits) {
  stats_.name = name_;
  thread_ = std::thread([this] { run(); });
}

SinkQueue::~SinkQueue() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    end_ = steady_clock::now() + limits_.timeout;
    news_.notify_one();
  }
  thread_.join();
}

void SinkQueue::push(std::string_view lines, std::uint64_t last_seq) {
  const auto count = static_cast<std::uint64_t>(std::ranges::count(lines, '\n'));
  const std::lock_guard lock(mutex_);
  if (bytes_ + lines.size() > limits_.bytes_max) drop_all();
  std::uint64_t seq = last_seq - count;
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n') + 1;
    if (end == 0) break;
    lines_.push_back({std::string(lines.substr(0, end)), ++seq});
    bytes_ += end;
    lines.remove_prefix(end);
  }
  news_.notify_one();
}

bool SinkQueue::wait_for(std::uint64_t seq, steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return taken_.wait_until(lock, until, [&] { return stats_.taken_seq >= seq; }) && seq > lost_seq_;
}

SinkStats SinkQueue::stats() const {
  const std::lock_guard lock(mutex_);
  SinkStats stats = stats_;
  stats.waiting = lines_.size();
  return stats;
}

void SinkQueue::drop_all() {
  if (!lines_.empty()) lost_seq_ = lines_.back().seq;
  stats_.dropped += lines_.size();
  lines_.clear();
  bytes_ = 0;
}

void SinkQueue::report(const base::Result<void>& result) {
  if (result.has_value() == stats_.works) return;
  stats_.works = result.has_value();
  if (stats_.works) return base::log::info("audit sink works again", {{"sink", name_}});
  ++stats_.failures;
  base::log::error("audit sink fails", {{"sink", name_}, {"error", result.error().message}});
}

void SinkQueue::run() {
  sigset_t all;  // signals are for the thread that waits for them
  sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  for (;;) {
    news_.wait(lock, [this] { return stop_ || !lines_.empty(); });
    if (lines_.empty()) return;
    const bool last = stop_;
    auto limit = limits_.timeout;
    if (last) {
      limit = std::min(limit, std::chrono::ceil<milliseconds>(end_ - steady_clock::now()));
      if (limit.count() <= 0) return drop_all();
    }
    const Line line = std::move(lines_.front());
    lines_.pop_front();
    bytes_ -= line.text.size();
    lock.unlock();
    const auto written = sink_->write(line.text, limit);
    lock.lock();
    report(written);
    if (written) {
      stats_.taken_seq = line.seq;
      taken_.notify_all();
      continue;
    }
    // What waited as long as this line did is as late; the newest lines are tried again.
    ++stats_.dropped;
    lost_seq_ = line.seq;
    if (last) return drop_all();
    news_.wait_for(lock, limits_.pause, [this] { return stop_; });
  }
}

}  // namespace sutler::audit
