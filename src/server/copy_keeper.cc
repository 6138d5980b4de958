#include "server/copy_keeper.h"

#include <algorithm>

#include "base/clock.h"
#include "base/log.h"

namespace sutler::server {

namespace {

constexpr std::chrono::milliseconds kLookEvery{500};
constexpr double kSecondsMin = 5;
constexpr double kStateSeconds = 30;
constexpr double kTimesItsDuration = 20;
// Read, written, and opened to see that it is good; before there was one to measure.
constexpr double kSecondsAGroup = 50e-6;

}  // namespace

CopyKeeper::CopyKeeper(store::Store& store, store::CopyPlace place,
                       std::function<std::string()> state)
    : store_(store),
      place_(std::move(place)),
      state_(std::move(state)),
      thread_([this] { run(); }) {}

CopyKeeper::~CopyKeeper() { stop(); }

void CopyKeeper::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void CopyKeeper::finish(std::chrono::seconds limit) {
  stop();
  const auto snapshot = store_.snapshot();
  if (snapshot->revision == revision_ || store_.integrity()) return;
  const double seconds = static_cast<double>(limit.count());
  const double expected =
      took_ > 0 ? took_ : static_cast<double>(snapshot->groups.size()) * kSecondsAGroup;
  if (expected > seconds) return;
  write(base::monotonic_seconds() + seconds);
}

std::uint64_t CopyKeeper::revision() const {
  const std::lock_guard lock(mutex_);
  return revision_;
}

void CopyKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const bool due = base::monotonic_seconds() >= next_;
    const bool moved = store_.snapshot()->revision != revision_ || state_moved();
    if (due && moved && !store_.integrity()) {
      lock.unlock();
      write();
      lock.lock();
    }
    wake_.wait_for(lock, kLookEvery, [this] { return stopping_; });
  }
}

// Asking costs a query.
bool CopyKeeper::state_moved() {
  if (base::monotonic_seconds() < next_state_) return false;
  next_state_ = base::monotonic_seconds() + kStateSeconds;
  return state_() != written_state_;
}

void CopyKeeper::write(std::optional<double> deadline) {
  // The copy is of this revision or a later one.
  const std::uint64_t revision = store_.snapshot()->revision;
  const double began = base::monotonic_seconds();
  std::string state = state_();
  const auto keys = std::make_shared<const crypto::MasterKeys>(store_.sealer()->keys());
  const auto too_late = [deadline] { return deadline && base::monotonic_seconds() > *deadline; };
  auto written = store::write_local_copy(store_.backend(), place_, keys, {revision, too_late});
  const double took = base::monotonic_seconds() - began;
  const std::lock_guard lock(mutex_);
  next_ = base::monotonic_seconds() + std::max(kSecondsMin, took * kTimesItsDuration);
  if (written) {
    took_ = took;
    revision_ = revision;
    written_state_ = std::move(state);
  }
  if (written.has_value() == worked_) return;
  worked_ = written.has_value();
  if (worked_) return base::log::info("the local copy of the store is written again");
  base::log::warning("the local copy of the store cannot be written",
                     {{"file", place_.file.native()}, {"why", written.error().message}});
}

}  // namespace sutler::server
