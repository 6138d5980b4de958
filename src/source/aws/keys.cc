#include "source/aws/keys.h"

#include <utility>

#include "source/aws/key_sources.h"
#include "source/call.h"

namespace sutler::source {
namespace {

constexpr auto kAhead = std::chrono::minutes(5);
constexpr auto kPause = std::chrono::seconds(30);
}  // namespace

AwsKeyring::State AwsKeyring::state(base::UnixTime now) const {
  if (!held_) return State::kNone;
  if (!held_->expires) return State::kGood;
  if (*held_->expires <= now) return State::kNone;
  const bool due = *held_->expires <= now + kAhead && not_before_ <= now;
  return due ? State::kDue : State::kGood;
}

Answer<AwsKeyring::Held> AwsKeyring::keys(Deadline deadline) {
  {
    const std::scoped_lock lock(mutex_);
    if (state(clock_.now()) == State::kGood) return held_;
  }
  const std::unique_lock getting(getting_, deadline);
  Held old;
  {
    const std::scoped_lock lock(mutex_);
    const State now = state(clock_.now());
    if (now == State::kGood) return held_;
    if (now == State::kDue) old = held_;
  }
  if (!getting.owns_lock()) {
    if (old) return old;
    return failed(FailureKind::kOutage,
                  "source " + config_.name + ": no time is left, keys are being got still");
  }
  auto found = find_keys(config_, deadline);
  const std::scoped_lock lock(mutex_);
  if (!found) {
    if (!old) return std::unexpected(std::move(found.error()));
    not_before_ = clock_.now() + kPause;
    return old;
  }
  held_ = std::make_shared<const AwsKeys>(std::move(*found));
  // Keys that are short-lived from the start are not asked for at each call.
  not_before_ = clock_.now() + kPause;
  if (state(clock_.now()) == State::kNone) {
    held_.reset();
    return failed(FailureKind::kLogin, "source " + config_.name + ": the keys have expired");
  }
  return held_;
}

void AwsKeyring::renounce(const Held& keys) {
  const std::scoped_lock lock(mutex_);
  if (held_ == keys) held_.reset();
}

}  // namespace sutler::source
