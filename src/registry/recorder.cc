#include "registry/recorder.h"

#include <utility>

namespace sutler::registry {

void LastAsked::take(const Circumstances& now) {
  time = now.time;
  if (remote != now.remote) remote = now.remote;
  if (key_id != now.key_id) key_id = now.key_id;
  issued_at = now.issued_at;
  expires_at = now.expires_at;
  arrived = now.arrived;
}

void Recorder::note(const ServedPointer& served, const Circumstances& now) {
  const std::lock_guard lock(mutex_);
  auto at = held_.fetches.find(served.get());
  if (at == held_.fetches.end()) {
    if (held_.fetches.size() >= kHeldMax) {
      ++held_.lost;
      return;
    }
    at = held_.fetches.emplace(served.get(), Repeated{served, 0, now.time, {}}).first;
  }
  ++at->second.count;
  at->second.last.take(now);
}

void Recorder::note_failure(const model::Workload& workload, std::string_view reason,
                            const Circumstances& now) {
  const std::lock_guard lock(mutex_);
  if (!held_.failures.empty() && held_.failures.back().workload == workload &&
      held_.failures.back().reason == reason) {
    ++held_.failures.back().count;
    held_.failures.back().last.take(now);
    return;
  }
  if (held_.failures.size() >= kHeldMax) {
    ++held_.lost;
    return;
  }
  held_.failures.push_back({workload, 1, std::string(reason), {}});
  held_.failures.back().last.take(now);
}

void Recorder::take(Taken& taken) {
  taken.fetches.clear();
  taken.failures.clear();
  taken.lost = 0;
  const std::lock_guard lock(mutex_);
  std::swap(taken, held_);
}

}  // namespace sutler::registry
