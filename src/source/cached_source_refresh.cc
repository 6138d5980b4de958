// A refresh by hand, and what is told of a source.
#include <algorithm>
#include <unordered_set>
#include <utility>

#include "source/cached_source.h"

namespace sutler::source {
namespace {

// Waits, for those who may block.
class Latch {
 public:
  [[nodiscard]] std::shared_ptr<Waiting> waiting() {
    return std::make_shared<Waiting>([ended = ended_] {
      const std::lock_guard lock(ended->mutex);
      ended->over = true;
      ended->changed.notify_all();
    });
  }
  void wait(Deadline until) {
    std::unique_lock lock(ended_->mutex);
    ended_->changed.wait_until(lock, until, [&] { return ended_->over; });
  }

 private:
  struct Ended {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
  };
  std::shared_ptr<Ended> ended_ = std::make_shared<Ended>();
};

}  // namespace

struct CachedSource::Round {
  std::unordered_set<SlotPointer> asked;  // of all rounds
  std::size_t started = 0, left_out = 0;  // of this one
};

void CachedSource::start_round(Round& round, const std::shared_ptr<Waiting>& waiting) {
  const std::lock_guard lock(mutex_);
  const base::UnixTime now = shared_->clock.now();
  round.started = round.left_out = 0;
  if (stopped_) return;
  breaker_.retry_now(now);
  for (const auto& [locator, slot] : slots_) {
    if (round.asked.contains(slot)) continue;
    if (slot->known.asking == Known::Asking::kNo) {
      if (!breaker_.admits(now)) {
        ++round.left_out;
        continue;
      }
      enqueue(slot);
    }
    slot->waiters.push_back(waiting);
    waiting->add();
    round.asked.insert(slot);
    ++round.started;
  }
  make_threads();
}

Sources::Refreshed CachedSource::refresh() {
  Round round;
  // While the store is out only one call is let through; when it is answered, the others follow.
  for (int rounds = 0; rounds < 2; ++rounds) {
    Latch latch;
    const auto waiting = latch.waiting();
    start_round(round, waiting);
    const std::size_t turns =
        round.started / std::max<std::size_t>(common_.calls_per_second_max, 1);
    if (!waiting->settle()) {
      latch.wait(std::chrono::steady_clock::now() + common_.deadline + std::chrono::seconds(turns));
    }
    if (round.left_out == 0) break;
  }
  Sources::Refreshed refreshed{0, round.left_out};
  const std::lock_guard lock(mutex_);
  for (const SlotPointer& slot : round.asked) {
    const bool read = slot->content && !slot->failure && slot->known.asking == Known::Asking::kNo;
    ++(read ? refreshed.read : refreshed.failed);
  }
  return refreshed;
}

std::optional<base::UnixTime> CachedSource::next_try(std::string_view locator) {
  const std::lock_guard lock(mutex_);
  const base::UnixTime now = shared_->clock.now();
  base::UnixTime at = now;
  if (breaker_.is_open()) at = std::max(at, breaker_.retry_at());
  if (const auto found = slots_.find(locator); found != slots_.end()) {
    const Known& known = found->second->known;
    if (known.failures > 0) at = std::max(at, known.retry_at);
    if (known.what == Known::What::kNegative) at = std::max(at, known.fresh_until);
  }
  if (at <= now) return std::nullopt;
  return at;
}

SourceStatus CachedSource::status() {
  SourceStatus status;
  status.name = common_.name;
  status.kind = common_.kind;
  const std::lock_guard lock(mutex_);
  const base::UnixTime now = shared_->clock.now();
  status.reachable = reachable_ && !breaker_.is_open();
  status.breaker_open = breaker_.is_open();
  status.calls = call_count_;
  status.hits = hits_;
  for (std::size_t kind = 0; kind < errors_.size(); ++kind) {
    status.errors.emplace_back(failure_name(static_cast<FailureKind>(kind)), errors_[kind]);
  }
  status.last_success = last_success_;
  status.last_failure = last_failure_;
  status.last_error = last_error_;
  for (const auto& [locator, slot] : slots_) {
    if (!slot->content || now >= slot->known.stale_until) continue;
    const Known& known = slot->known;
    ++status.documents;
    const bool stale = judge(known, store(now), Wait::kMay, now) == Verdict::kStale;
    if (stale) ++status.stale_documents;
    if (!status.next_expiry || known.stale_until < *status.next_expiry) {
      status.next_expiry = known.stale_until;
    }
    if (!status.oldest_read || known.read_at < *status.oldest_read) {
      status.oldest_read = known.read_at;
    }
  }
  return status;
}

CachedSource::Figures CachedSource::figures() {
  Figures figures;
  latency_.add_to(figures.latency);
  const std::lock_guard lock(mutex_);
  figures.stale_served = stale_served_;
  figures.refreshed_ahead = refreshed_ahead_;
  figures.evicted = evicted_;
  return figures;
}

}  // namespace sutler::source
