#include "store/leases.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr auto kTimeSeconds = static_cast<double>(kLeaseTime.count());

}  // namespace

Leases::Leases(Backend& backend, std::string holder, std::function<double()> seconds)
    : backend_(backend),
      holder_(std::move(holder)),
      seconds_(seconds ? std::move(seconds) : base::monotonic_seconds) {}

bool Leases::is_over(const Lease& lease) const {
  return lease.lost || seconds_() >= lease.renewed + kTimeSeconds;
}

Result<std::optional<Leases::Held>> Leases::take(const std::string& name) {
  auto lease = std::make_shared<Lease>();
  lease->name = name;
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(held_, [](const auto& one) { return one.expired(); });
    for (const auto& one : held_) {
      const auto other = one.lock();
      if (other && other->name == name && !is_over(*other)) return std::nullopt;
    }
    lease->renewed = seconds_();
    held_.push_back(lease);
  }
  auto got = backend_.lease(name, holder_, kLeaseTime);
  if (!got) return pass(got);
  if (!*got) return std::nullopt;
  return Held(*this, std::move(lease));
}

void Leases::tick() {
  std::vector<std::shared_ptr<Lease>> due;
  const double now = seconds_();
  {
    const std::lock_guard lock(mutex_);
    for (const auto& one : held_) {
      auto lease = one.lock();
      if (lease && !is_over(*lease) && now >= lease->renewed + kTimeSeconds / 3) {
        due.push_back(std::move(lease));
      }
    }
  }
  for (const auto& lease : due) {
    const auto got = backend_.lease(lease->name, holder_, kLeaseTime);
    const std::lock_guard lock(mutex_);
    if (!got) continue;
    if (*got) lease->renewed = now;
    if (!*got) lease->lost = true;
  }
}

Leases::Held& Leases::Held::operator=(Held&& other) noexcept {
  if (this == &other) return *this;
  give_up();
  leases_ = other.leases_;
  lease_ = std::move(other.lease_);
  return *this;
}

Leases::Held::~Held() { give_up(); }

void Leases::Held::give_up() {
  if (!lease_) return;
  const auto lease = std::move(lease_);
  {
    const std::lock_guard lock(leases_->mutex_);
    std::erase_if(leases_->held_, [&](const auto& one) { return one.lock() == lease; });
    if (leases_->is_over(*lease)) return;
  }
  (void)leases_->backend_.lease(lease->name, leases_->holder_, std::chrono::seconds(0));
}

bool Leases::Held::lost() const {
  const std::lock_guard lock(leases_->mutex_);
  return leases_->is_over(*lease_);
}

}  // namespace sutler::store
