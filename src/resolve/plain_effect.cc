#include "resolve/plain_effect.h"

#include <algorithm>
#include <string_view>

#include "base/limits.h"

namespace sutler::resolve {
namespace {

namespace limits = base::limits;
using store::FileView;
using store::OpenEntries;
using store::VariableView;

// More than any name or value costs beside its own bytes; a byte of a name takes six at most.
constexpr std::size_t kAroundBytes = 64;
constexpr std::size_t kBytesMax = std::min(limits::kBundleBytesMax, limits::kBundleNamesBytesMax);

bool is_literal(const store::ValueView& value) { return value.other == nullptr; }

template <class Entry>
const Entry* find(const std::vector<Entry>& sorted, std::string_view key) {
  const auto at = std::ranges::lower_bound(sorted, key, {}, &Entry::key);
  return at != sorted.end() && at->key == key ? &*at : nullptr;
}

bool same(const VariableView& a, const VariableView& b) {
  return a.value.literal == b.value.literal;
}
bool same(const FileView& a, const FileView& b) {
  return a.value.literal == b.value.literal && same_members(a, b);
}

// One side of the change, as its groups are, in merge order.
struct Side {
  const PlainGroups::Groups& groups;
  const std::vector<OpenedGroups::Opened>& entries;

  [[nodiscard]] bool has(const MatchIndex::Pointer& group) const {
    return std::ranges::find(groups, group) != groups.end();
  }
  [[nodiscard]] bool empty() const {
    return std::ranges::all_of(
        entries, [](const auto& one) { return one->variables().empty() && one->files().empty(); });
  }
};

template <class Entry>
using Entries = const std::vector<Entry>& (OpenEntries::*)() const;

template <class Entry>
const Entry* winner(const Side& side, Entries<Entry> entries, std::string_view key) {
  for (const auto& group : side.entries) {
    if (const Entry* found = find(((*group).*entries)(), key)) return found;
  }
  return nullptr;
}

template <class Entry>
void add_keys(const Side& side, const Side& other, Entries<Entry> entries,
              std::vector<std::string_view>& keys) {
  for (std::size_t i = 0; i < side.groups.size(); ++i) {
    if (other.has(side.groups[i])) continue;
    for (const Entry& entry : ((*side.entries[i]).*entries)()) keys.push_back(entry.key);
  }
}

// The keys of the groups that are on one side only are all that can differ.
template <class Entry>
void compare(const Side& before, const Side& after, Entries<Entry> entries, Effect& effect) {
  std::vector<std::string_view> keys;
  add_keys(before, after, entries, keys);
  add_keys(after, before, entries, keys);
  std::ranges::sort(keys);
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  for (const std::string_view key : keys) {
    const Entry* was = winner(before, entries, key);
    const Entry* is = winner(after, entries, key);
    if (was == is) continue;
    if (was == nullptr) {
      effect.gained.emplace_back(key);
    } else if (is == nullptr) {
      effect.lost.emplace_back(key);
    } else if (!same(*was, *is)) {
      effect.changed.emplace_back(key);
    }
  }
}

}  // namespace

bool same_members(const FileView& a, const FileView& b) {
  return a.encoding == b.encoding && a.owner == b.owner && a.group == b.group &&
         a.permissions == b.permissions;
}

bool same_members(const VariableView&, const VariableView&) { return true; }

PlainGroups::Facts PlainGroups::facts_of(const MatchIndex::Pointer& group) {
  if (!group->header().required_keys.empty()) return std::nullopt;
  const auto opened = overlay_.opened.open(group);
  if (!opened || !(*opened)->secrets_from().empty()) return std::nullopt;
  std::size_t bytes = 6 * group->header().name.size() + kAroundBytes;
  const auto add = [&bytes](std::string_view key, std::string_view value) {
    bytes += 6 * key.size() + value.size() + kAroundBytes;
  };
  for (const VariableView& one : (*opened)->variables()) {
    const std::size_t in_environment = one.key.size() + one.value.literal.size() + 2;
    if (!is_literal(one.value)) return std::nullopt;
    if (in_environment > limits::kEnvironmentStringBytesMax) return std::nullopt;
    add(one.key, one.value.literal);
  }
  for (const FileView& one : (*opened)->files()) {
    if (!is_literal(one.value)) return std::nullopt;
    if (one.value.literal.size() > limits::kFileBytesMax) return std::nullopt;
    add(one.key, one.value.literal);
  }
  return bytes;
}

bool PlainGroups::are_plain(const Groups& groups) {
  std::size_t bytes = 0;
  for (const auto& group : groups) {
    const auto [at, is_new] = known_.try_emplace(group.get());
    if (is_new) at->second = facts_of(group);
    if (!at->second) return false;
    bytes += *at->second;
  }
  return !groups.empty() && bytes <= kBytesMax;
}

std::optional<std::vector<OpenedGroups::Opened>> PlainGroups::open(const Groups& groups) {
  std::vector<OpenedGroups::Opened> entries;
  entries.reserve(groups.size());
  for (const auto& group : groups) {
    auto opened = overlay_.opened.open(group);
    if (!opened) return std::nullopt;
    entries.push_back(std::move(*opened));
  }
  return entries;
}

std::optional<Effect> PlainGroups::effect(const Groups& before, const Groups& after) {
  if (!are_plain(before) || !are_plain(after)) return std::nullopt;
  const auto old_entries = open(before);
  const auto new_entries = open(after);
  if (!old_entries || !new_entries) return std::nullopt;
  const Side was{before, *old_entries};
  const Side is{after, *new_entries};
  Effect effect;
  effect.before = was.empty() ? Fetch::kEmpty : Fetch::kOk;
  effect.after = is.empty() ? Fetch::kEmpty : Fetch::kOk;
  compare(was, is, &OpenEntries::variables, effect);
  compare(was, is, &OpenEntries::files, effect);
  return effect;
}

}  // namespace sutler::resolve
