#include "registry/record.h"

#include <algorithm>

namespace sutler::registry {

KeyLists::KeyLists(std::string_view key) : hmac_(crypto::HashAlgorithm::kSha256, key) {}

GroupKeysPointer KeyLists::get(std::string_view group, std::string_view keys) {
  std::string text;
  text.reserve(group.size() + keys.size() + 1);
  text.append(group).push_back('\0');
  text.append(keys);
  const crypto::Tag tag = hmac_.sign(text);
  std::array<char, 16> digest{};
  std::copy_n(tag.view().begin(), digest.size(), digest.begin());
  auto& slot = lists_[std::string(digest.data(), digest.size())];
  if (auto found = slot.lock()) return found;
  auto made = std::make_shared<const GroupKeys>(
      GroupKeys{std::string(group), std::string(keys), digest, false});
  slot = made;
  if (lists_.size() > sweep_at_) sweep();
  return made;
}

GroupKeysPointer KeyLists::find(std::string_view digest) const {
  const auto at = lists_.find(std::string(digest));
  return at == lists_.end() ? nullptr : at->second.lock();
}

void KeyLists::forget_rows() {
  for (const auto& [digest, list] : lists_) {
    if (const auto pointer = list.lock()) pointer->kept = false;
  }
}

void KeyLists::sweep() {
  std::erase_if(lists_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max<std::size_t>(1024, lists_.size() * 2);
}

}  // namespace sutler::registry
