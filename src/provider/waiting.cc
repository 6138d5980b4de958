#include "provider/waiting.h"

#include <utility>

#include "provider/provider.h"

namespace sutler::provider {
namespace {

// That one fetch may have waited for: groups that change all the time must not keep it.
constexpr std::size_t kWantedMax = 100'000;

}  // namespace

// Leaves in `wanted` what this fetch did not wait for yet. False: there is nothing to wait for.
bool Provider::may_wait(std::vector<source::Wanted>& wanted, const Progress* progress) const {
  if (waiting_.size() >= options_.waiting_max) return false;
  if (progress != nullptr) {
    if (progress->asked.size() >= kWantedMax) return false;
    std::erase_if(wanted, [&](const auto& one) { return progress->asked.contains(one); });
  }
  return !wanted.empty();
}

void Provider::wait(http::Reply reply, std::vector<source::Wanted> wanted,
                    std::unique_ptr<Progress> progress) {
  if (!progress) progress = std::make_unique<Progress>(Progress{started_, {}, {}});
  progress->asked.insert(wanted.begin(), wanted.end());
  const std::uint64_t id = ++waits_;
  auto caller = reply.caller();
  source::FetchTime& time = progress->time;  // the map keeps it where it is
  waiting_.emplace(id, Waiting{std::move(reply), std::move(progress)});
  shared_->sources->obtain(std::move(wanted), time, [this, id, caller = std::move(caller)] {
    caller.call([this, id] { resume(id); });  // only while this is there
  });
}

void Provider::resume(std::uint64_t id) {
  auto waited = waiting_.extract(id);
  if (waited.empty()) return;
  judge(std::move(waited.mapped().reply), std::move(waited.mapped().progress));
}

}  // namespace sutler::provider
