#include "resolve/drift.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

namespace sutler::resolve {
namespace {

using Found = std::vector<MatchIndex::Pointer>;

bool all_the_same(const registry::Record& record, const Found& now) {
  std::size_t then = 0;
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    ++then;
    const bool there = std::ranges::any_of(now, [&](const auto& group) {
      return group->version() == row.version && group->header().name == row.what->group;
    });
    if (!there) return false;
  }
  return then == now.size();
}

// The text of a template names the key: `${KEY}` or `${KEY|…`.
bool names(std::string_view text, std::string_view key) {
  const std::string start = "${" + std::string(key);
  for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
    const std::string_view rest = text.substr(at + start.size());
    const bool escaped = at > 0 && text[at - 1] == '$';
    if (!escaped && (rest.starts_with('}') || rest.starts_with('|'))) return true;
  }
  return false;
}

}  // namespace

std::string_view to_word(KeyDrift::State state) {
  switch (state) {
    case KeyDrift::State::kChanged: return "changed";
    case KeyDrift::State::kAdded: return "added";
    case KeyDrift::State::kRemoved: return "removed";
    case KeyDrift::State::kUnknown: return "unknown";
  }
  return {};
}

std::shared_ptr<const KeyDrifts> DriftJudge::judge(const registry::Record& record) {
  if (record.count == 0) return nullptr;
  const Found found = versions_.view().index.find(record.workload);
  if (all_the_same(record, found)) return nullptr;
  std::vector<std::uint64_t> place = {std::hash<std::string>()(record.workload.team)};
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    place.push_back(reinterpret_cast<std::uintptr_t>(row.what.get()));
    place.push_back(row.version);
  }
  place.push_back(0);
  for (const auto& group : found) place.push_back(reinterpret_cast<std::uintptr_t>(group.get()));
  if (const auto at = known_.find(place); at != known_.end()) return at->second;

  Sources then;
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    registry::for_each_key(row.what->keys, [&](std::string_view key) {
      then.emplace(key, Source{row.what->group, row.version});
    });
  }
  Sources now;
  for (const auto& group : found) {
    const auto keys = group->keys();
    const Source source{group->header().name, group->version()};
    for (const std::string_view key : keys.variables) now.emplace(key, source);
    for (const std::string_view key : keys.files) now.emplace(key, source);
  }
  add_expanded(record.workload.team, found, then, now);
  KeyDrifts drifts = compare(record.workload.team, then, now);
  if (!drifts.empty()) follow_templates(record.workload.team, then, now, drifts);
  auto made = drifts.empty() ? nullptr : std::make_shared<const KeyDrifts>(std::move(drifts));
  known_.emplace(std::move(place), made);
  return made;
}

void DriftJudge::add_expanded(const std::string& team, const Found& found, const Sources& then,
                              Sources& now) {
  const auto place = [&found](std::string_view name) {
    return std::ranges::find(
        found, name, [](const auto& group) -> std::string_view { return group->header().name; });
  };
  for (const auto& [key, source] : then) {
    const auto giver = place(source.group);
    if (key.starts_with('/') || giver == found.end()) continue;
    const auto is = now.find(key);
    if (is != now.end() && place(is->second.group) <= giver) continue;
    const Source current{(*giver)->header().name, (*giver)->version()};
    const auto was = versions_.open({team, std::string(source.group), source.version});
    const auto group = versions_.open({team, std::string(current.group), current.version});
    if (!group || group->secrets_from.empty()) continue;
    if (was && value_of(*was, key) != nullptr) continue;
    now.insert_or_assign(key, current);
  }
}

KeyDrifts DriftJudge::compare(const std::string& team, const Sources& then, const Sources& now) {
  KeyDrifts drifts;
  std::set<std::string_view> keys;
  for (const auto& [key, source] : then) keys.insert(key);
  for (const auto& [key, source] : now) keys.insert(key);
  for (const std::string_view key : keys) {
    const auto was = then.find(key);
    const auto is = now.find(key);
    KeyDrift drift;
    drift.key = key;
    if (was != then.end()) {
      drift.group = was->second.group;
      drift.version = was->second.version;
    }
    if (is != now.end()) {
      drift.current_group = is->second.group;
      drift.current_version = is->second.version;
    }
    if (was == then.end()) {
      drift.state = KeyDrift::State::kAdded;
    } else if (is == now.end()) {
      drift.state = KeyDrift::State::kRemoved;
    } else {
      const auto same = versions_.same({team, drift.group, drift.version},
                                       {team, drift.current_group, drift.current_version}, key);
      if (same && *same) continue;
      drift.state = same ? KeyDrift::State::kChanged : KeyDrift::State::kUnknown;
    }
    drifts.push_back(std::move(drift));
  }
  return drifts;
}

void DriftJudge::follow_templates(const std::string& team, const Sources& then, const Sources& now,
                                  KeyDrifts& drifts) {
  std::set<std::string, std::less<>> drifting;
  for (const KeyDrift& drift : drifts) drifting.insert(drift.key);
  bool more = true;
  while (more) {
    more = false;
    for (const auto& [key, source] : now) {
      const auto was = then.find(key);
      if (was == then.end() || drifting.contains(key)) continue;
      const auto group = versions_.open({team, std::string(source.group), source.version});
      const auto* value = group ? value_of(*group, key) : nullptr;
      const auto* text = value ? std::get_if<model::Template>(value) : nullptr;
      if (text == nullptr) continue;
      const bool hit = std::ranges::any_of(
          drifting, [&](const std::string& other) { return names(text->text.expose(), other); });
      if (!hit) continue;
      drifts.push_back({std::string(key), KeyDrift::State::kChanged, std::string(was->second.group),
                        was->second.version, std::string(source.group), source.version});
      drifting.insert(std::string(key));
      more = true;
    }
  }
  std::ranges::sort(drifts, {}, &KeyDrift::key);
}

}  // namespace sutler::resolve
