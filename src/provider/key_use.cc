#include "provider/key_use.h"

#include <algorithm>

namespace sutler::provider {

std::shared_ptr<KeyUse::Slot> KeyUse::add_slot(std::string_view team, std::string_view key_id) {
  auto slot = std::make_shared<Slot>();
  const std::lock_guard lock(mutex_);
  keys_[{std::string(team), std::string(key_id)}].slots.push_back(slot);
  return slot;
}

std::vector<KeyUse::Used> KeyUse::take_newer() {
  std::vector<Used> used;
  const std::lock_guard lock(mutex_);
  for (auto at = keys_.begin(); at != keys_.end();) {
    Key& key = at->second;
    std::int64_t last = 0;
    for (const auto& slot : key.slots) last = std::max(last, slot->last());
    // Nobody else holds it, and what it had to say has just been read.
    std::erase_if(key.slots, [](const auto& slot) { return slot.use_count() == 1; });
    if (last > key.told) {
      key.told = last;
      used.push_back({at->first.first, at->first.second, {last}});
    }
    at = key.slots.empty() ? keys_.erase(at) : std::next(at);
  }
  return used;
}

}  // namespace sutler::provider
