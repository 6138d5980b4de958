#include "resolve/match_index.h"

#include <algorithm>

#include "base/glob.h"

namespace sutler::resolve {
namespace {

// How a key was made from a pattern: its text as it is, its first bytes, or nothing of it.
// Non-negative: a prefix of that many bytes.
using Shape = std::int16_t;
constexpr Shape kExact = -2;
constexpr Shape kAny = -1;

struct ShapePair {
  Shape project = kAny;
  Shape object = kAny;
  auto operator<=>(const ShapePair&) const = default;
};

struct Key {
  Shape shape = kAny;
  std::string_view text;
  auto operator<=>(const Key&) const = default;
};

Key key_of(std::string_view pattern) {
  switch (base::glob_kind(pattern)) {
    case base::GlobKind::kExact: return {kExact, pattern};
    case base::GlobKind::kPrefix:
      pattern.remove_suffix(1);
      if (pattern.empty()) return {};
      return {static_cast<Shape>(pattern.size()), pattern};
    case base::GlobKind::kFree: return {};
  }
  return {};
}

std::vector<Key> without_doubles(std::vector<Key> keys) {
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  return keys;
}

std::vector<Key> project_keys(const model::Restrictions& restrictions) {
  if (!restrictions.projects) return {Key{}};
  std::vector<Key> keys;
  for (const std::string& pattern : *restrictions.projects) keys.push_back(key_of(pattern));
  return without_doubles(std::move(keys));
}

std::vector<Key> object_keys(const model::Restrictions& restrictions) {
  if (!restrictions.nf_objects) return {Key{}};
  std::vector<Key> keys;
  for (const auto& pattern : *restrictions.nf_objects) keys.push_back(key_of(pattern.id));
  return without_doubles(std::move(keys));
}

base::KeyHash& feed(base::KeyHash& hash, Key key) {
  const char shape[2] = {static_cast<char>(key.shape & 0xff),
                         static_cast<char>((key.shape >> 8) & 0xff)};
  return hash.feed(std::string_view(shape, sizeof shape)).feed(key.text);
}

// Calls `visit(ShapePair, hash)` for every place where the group is filed, each once.
template <class Visit>
void for_each_place(const model::GroupHeader& header, const Visit& visit) {
  const std::vector<Key> projects = project_keys(header.restrictions);
  std::vector<Key> objects = object_keys(header.restrictions);
  if (projects.size() * objects.size() > MatchIndex::kPairsMax) objects = {Key{}};
  for (const Key& project : projects) {
    base::KeyHash upto_project;
    feed(upto_project.feed(header.team), project);
    for (const Key& object : objects) {
      base::KeyHash hash = upto_project;
      visit(ShapePair{project.shape, object.shape}, feed(hash, object).value());
    }
  }
}

// The part of a name that a key of that shape holds; false when the name is shorter.
bool key_for(std::string_view name, Shape shape, Key& key) {
  key = {shape, {}};
  if (shape == kAny) return true;
  if (shape == kExact) {
    key.text = name;
    return true;
  }
  const auto bytes = static_cast<std::size_t>(shape);
  if (bytes > name.size()) return false;
  key.text = name.substr(0, bytes);
  return true;
}

}  // namespace

// Small on purpose: it is copied by each change of the team.
struct MatchIndex::Team {
  struct Use {
    ShapePair pair;
    std::size_t places = 0;
  };
  std::vector<Use> uses;  // sorted by pair; what a lookup has to try
  std::size_t groups = 0;
  std::size_t free_globs = 0;
  std::uint64_t generation = 0;

  std::vector<Use>::iterator use_of(ShapePair pair) {
    return std::lower_bound(uses.begin(), uses.end(), pair,
                            [](const Use& use, ShapePair wanted) { return use.pair < wanted; });
  }
};

bool before_in_merge(const model::GroupHeader& a, const model::GroupHeader& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  const auto narrow_a = model::specificity(a.restrictions);
  const auto narrow_b = model::specificity(b.restrictions);
  if (narrow_a != narrow_b) return narrow_a > narrow_b;
  return a.name < b.name;
}

std::size_t count_free_globs(const model::Restrictions& restrictions) {
  std::size_t count = 0;
  const auto look = [&count](std::string_view pattern) {
    if (base::glob_kind(pattern) == base::GlobKind::kFree) ++count;
  };
  if (restrictions.projects) {
    for (const std::string& pattern : *restrictions.projects) look(pattern);
  }
  if (restrictions.nf_objects) {
    for (const auto& pattern : *restrictions.nf_objects) look(pattern.id);
  }
  return count;
}

// A team that no copy shares is changed in place, so that a million groups published at once do not
// copy it a million times.
MatchIndex::Team& MatchIndex::writable(std::string_view team) {
  auto at = teams_.find(team);
  if (at == teams_.end()) at = teams_.emplace(team, nullptr).first;
  if (!at->second) {
    at->second = std::make_shared<Team>();
  } else if (at->second.use_count() > 1) {
    at->second = std::make_shared<Team>(*at->second);
  }
  return *at->second;
}

const MatchIndex::Team* MatchIndex::find_team(std::string_view team) const {
  const auto at = teams_.find(team);
  return at == teams_.end() ? nullptr : at->second.get();
}

void MatchIndex::insert(const Pointer& group) {
  const model::GroupHeader& header = group->header();
  Team& team = writable(header.team);
  ++team.groups;
  team.free_globs += count_free_globs(header.restrictions);
  for_each_place(header, [&](ShapePair pair, std::uint64_t hash) {
    table_.insert(hash, group);
    auto use = team.use_of(pair);
    if (use == team.uses.end() || use->pair != pair) use = team.uses.insert(use, {pair, 0});
    ++use->places;
  });
}

void MatchIndex::erase(const Pointer& group) {
  const model::GroupHeader& header = group->header();
  Team& team = writable(header.team);
  --team.groups;
  team.free_globs -= count_free_globs(header.restrictions);
  for_each_place(header, [&](ShapePair pair, std::uint64_t hash) {
    table_.erase(hash, group.get());
    const auto use = team.use_of(pair);
    if (--use->places == 0) team.uses.erase(use);
  });
}

std::vector<MatchIndex::Pointer> MatchIndex::find(const model::Workload& workload) const {
  std::vector<Pointer> found;
  const Team* const team = find_team(workload.team);
  if (team == nullptr) return found;
  for (const Team::Use& use : team->uses) {
    Key project;
    Key object;
    if (!key_for(workload.project_id, use.pair.project, project)) continue;
    if (!key_for(workload.object_id, use.pair.object, object)) continue;
    base::KeyHash hash;
    feed(feed(hash.feed(workload.team), project), object);
    table_.for_each(hash.value(), [&](const Pointer& group) {
      const model::GroupHeader& header = group->header();
      if (header.team == workload.team && model::matches(header.restrictions, workload)) {
        found.push_back(group);
      }
    });
  }
  // A group may stand in several places; its name is its own in the team, so doubles are
  // neighbours.
  std::sort(found.begin(), found.end(), [](const Pointer& a, const Pointer& b) {
    return before_in_merge(a->header(), b->header());
  });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::size_t MatchIndex::groups(std::string_view team) const {
  const Team* const found = find_team(team);
  return found == nullptr ? 0 : found->groups;
}

std::size_t MatchIndex::free_globs(std::string_view team) const {
  const Team* const found = find_team(team);
  return found == nullptr ? 0 : found->free_globs;
}

std::uint64_t MatchIndex::generation(std::string_view team) const {
  const Team* const found = find_team(team);
  return found == nullptr ? 0 : found->generation;
}

void MatchIndex::raise_generation(std::string_view team) {
  writable(team).generation = ++last_generation_;
}

}  // namespace sutler::resolve
