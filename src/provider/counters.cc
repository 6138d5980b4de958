#include "provider/counters.h"

#include <algorithm>

namespace sutler::provider {

Counters::Team& Counters::of_team(std::string_view id) {
  const std::lock_guard lock(mutex_);
  auto at = teams_.find(id);
  if (at == teams_.end() && teams_.size() >= kCountedTeamsMax) {
    id = "other";
    at = teams_.find(id);
  }
  if (at == teams_.end()) {
    at = teams_.emplace(std::string(id), std::make_unique<Team>()).first;
  }
  return *at->second;
}

void Counters::add_reason(std::string_view reason) {
  const auto at = std::ranges::find(kFetchReasons, reason);
  const auto index = static_cast<std::size_t>(at - kFetchReasons.begin());
  base::count(reasons_[std::min(index, kFetchReasons.size() - 1)]);
}

void Counters::add_to(Totals& totals) const {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, team] : teams_) {
      auto& sums = totals.teams[id];
      for (std::size_t i = 0; i < sums.size(); ++i) sums[i] += base::value_of(team->outcomes[i]);
    }
  }
  for (std::size_t i = 0; i < reasons_.size(); ++i) {
    totals.reasons[i] += base::value_of(reasons_[i]);
  }
  fetch_latency.add_to(totals.latency);
  totals.other_requests += base::value_of(other_requests);
}

std::shared_ptr<Counters> CounterList::add() {
  auto made = std::make_shared<Counters>();
  const std::lock_guard lock(mutex_);
  all_.push_back(made);
  return made;
}

Counters::Totals CounterList::totals() const {
  const std::lock_guard lock(mutex_);
  Counters::Totals totals;
  for (const auto& one : all_) one->add_to(totals);
  return totals;
}

}  // namespace sutler::provider
