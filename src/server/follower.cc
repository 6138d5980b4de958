#include "server/follower.h"

#include "base/clock.h"
#include "base/log.h"

namespace sutler::server {

using base::Result;

namespace {

// How long to wait for news before the thread looks whether it is to stop.
constexpr std::chrono::milliseconds kWait{1'000};
constexpr std::chrono::milliseconds kRest{500};
constexpr std::chrono::milliseconds kRestMax{30'000};
// The head tells what the revision does not: a failover that lost commits and made others.
constexpr double kLookAtHeadEverySeconds = 10;
constexpr int kContradictionsMax = 3;

}  // namespace

Follower::Follower(store::Store& store) : store_(store), confirmed_(base::monotonic_seconds()) {}

Follower::~Follower() { stop(); }

void Follower::start() {
  thread_ = std::thread([this] { run(); });
}

void Follower::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

double Follower::age_seconds() const { return base::monotonic_seconds() - confirmed_.load(); }

std::optional<base::Error> Follower::trouble() const {
  const std::lock_guard lock(mutex_);
  return trouble_;
}

void Follower::run() {
  while (true) {
    const auto looked = look();
    note(looked);
    if (!rest()) return;
  }
}

Result<void> Follower::look() {
  const std::uint64_t known = store_.snapshot()->revision;
  const double asked = base::monotonic_seconds();
  auto revision = store_.backend().wait(known, kWait);
  if (!revision && revision.error().code == base::Code::kCorrupt) return store_.follow();
  if (!revision) return pass(revision);
  if (*revision != known || store_.is_in_doubt() || asked - head_seen_ >= kLookAtHeadEverySeconds) {
    if (auto followed = store_.follow(); !followed) return followed;
    head_seen_ = asked;
  }
  const std::uint64_t now = store_.snapshot()->revision;
  if (now != known) ++taken_over_;
  // A database whose number does not move what its head says would be asked without a pause.
  contradictions_ =
      now < *revision || (now == known && *revision < known) ? contradictions_ + 1 : 0;
  if (contradictions_ >= kContradictionsMax) {
    return base::fail(base::Code::kCorrupt, "the database says revision " +
                                                std::to_string(*revision) + ", its head says " +
                                                std::to_string(now));
  }
  // As it was when the question was sent.
  confirmed_ = asked;
  return {};
}

void Follower::note(const Result<void>& looked) {
  const std::lock_guard lock(mutex_);
  if (looked.has_value() == !trouble_.has_value()) {
    if (!looked) trouble_ = looked.error();
    return;
  }
  if (looked) {
    base::log::info("the database answers again");
    trouble_.reset();
    return;
  }
  ++outages_;
  trouble_ = looked.error();
  base::log::error("the database cannot be asked: the last state is served, writes are refused",
                   {{"why", trouble_->message}});
}

// Between two looks, when the last one failed; false when it is time to stop.
bool Follower::rest() {
  std::unique_lock lock(mutex_);
  // What is wrong with the store is looked for in all of it: less and less often.
  const bool away = trouble_ && trouble_->name == store::kDatabaseUnreachable;
  rest_ = !trouble_ || away ? kRest : std::min(rest_ * 2, kRestMax);
  if (trouble_) wake_.wait_for(lock, rest_, [this] { return stopping_; });
  return !stopping_;
}

}  // namespace sutler::server
