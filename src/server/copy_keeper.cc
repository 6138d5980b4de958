#include "server/copy_keeper.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"
#include "store/local_copy.h"

namespace sutler::server {

namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr double kSecondsMin = 5;
constexpr double kTimesItsDuration = 20;

}  // namespace

CopyKeeper::CopyKeeper(store::Store& store, std::filesystem::path file)
    : store_(store), file_(std::move(file)), thread_([this] { run(); }) {}

CopyKeeper::~CopyKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

std::uint64_t CopyKeeper::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

void CopyKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool due = base::monotonic_seconds() >= next_;
    if (due && store_.snapshot()->revision != revision_ && !store_.integrity()) {
      lock.unlock();
      write();
      lock.lock();
    }
    wake_.wait_for(lock, kLookEvery, [this] { return stopping_; });
  }
}

void CopyKeeper::write() {
  // The copy is of this revision or a later one.
  const std::uint64_t revision = store_.snapshot()->revision;
  const double began = base::monotonic_seconds();
  auto written = store::write_local_copy(store_.backend(), file_);
  const double took = base::monotonic_seconds() - began;
  const std::lock_guard lock(mutex_);
  next_ = base::monotonic_seconds() + std::max(kSecondsMin, took * kTimesItsDuration);
  if (written) revision_ = revision;
  if (written.has_value() == worked_) return;
  worked_ = written.has_value();
  if (worked_) return base::log::info("the local copy of the store is written again");
  base::log::warning("the local copy of the store cannot be written",
                     {{"file", file_.native()}, {"why", written.error().message}});
}

}  // namespace sutler::server
