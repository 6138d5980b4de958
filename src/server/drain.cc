// The end of a running server: what is on its way finishes, and nothing waits for longer than it
// may.
#include <algorithm>

#include "server/app.h"

namespace sutler::server {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kDrainGrace{30};
constexpr std::chrono::seconds kAdminDrainGrace{2};
// For a change that is on its way to the database, as far as the first has left it.
constexpr std::chrono::milliseconds kAdminWorkGrace{10'000};
constexpr std::chrono::seconds kLastCopyLimit{3};

}  // namespace

void App::announce_drain() {
  shared_->draining = true;
  admin_->end_waits();
}

App::Drained App::drain(const std::function<bool()>& give_up) {
  const auto last = steady_clock::now() + kDrainGrace;
  bool given_up = false;
  const auto asked = [&] { return given_up = given_up || give_up(); };
  (void)provider_server_->drain(kDrainGrace, asked);
  *options_.ending = true;
  const auto idle = steady_clock::now() + kAdminDrainGrace;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last - idle);
  const auto grace = std::clamp<std::chrono::milliseconds>(left, kAdminDrainGrace, kAdminWorkGrace);
  (void)admin_server_->drain(
      grace, [&] { return asked() || (!admin_->is_busy() && steady_clock::now() > idle); });
  admin_->end_work();
  provider::flush_denials(*shared_, provider::Flush::kAll);
  workloads_->stop();
  if (copy_ && !given_up) copy_->finish(kLastCopyLimit);
  copy_.reset();
  if (follower_) follower_->stop();
  upkeep_->stop(shared_->key_use);
  std::error_code ignored;
  std::filesystem::remove(dir_->socket(), ignored);
  return given_up ? Drained::kGivenUp : Drained::kInPeace;
}

}  // namespace sutler::server
