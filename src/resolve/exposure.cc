#include "resolve/exposure.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/encoding.h"
#include "base/wipe.h"
#include "resolve/overlay.h"
#include "resolve/story.h"

namespace sutler::resolve {
namespace {

constexpr std::size_t kBundlesRenderedMax = 20'000;

// The keys that are asked for, by group: most rows of the registry are of another.
class Wanted {
 public:
  explicit Wanted(const Targets& targets) {
    for (const auto& target : targets) {
      by_group_[{target.first.team, target.first.group}].push_back(&target);
    }
  }
  using Target = Targets::value_type;
  // The targets that this list of keys holds. Asked once for each list.
  const std::vector<const Target*>& of(const std::string& team, const registry::GroupKeys& list) {
    auto& slot = by_list_[{&list, team}];
    if (slot) return *slot;
    slot.emplace();
    const auto at = by_group_.find({team, list.group});
    if (at == by_group_.end()) return *slot;
    for (const Target* target : at->second) {
      if (registry::has_key(list.keys, target->first.key)) slot->push_back(target);
    }
    return *slot;
  }

 private:
  std::map<std::pair<std::string, std::string>, std::vector<const Target*>> by_group_;
  std::map<std::pair<const registry::GroupKeys*, std::string>,
           std::optional<std::vector<const Target*>>>
      by_list_;
};

bool asks_about(const std::set<std::uint64_t>& versions, const registry::Received& row) {
  if (versions.empty()) return true;
  const auto at = versions.lower_bound(row.version);
  return at != versions.end() && *at <= row.version_last;
}

bool may_tell(const Told& told, const KeyName& key, const registry::Received& row) {
  if (!told) return true;
  for (std::uint64_t version = row.version; version <= row.version_last; ++version) {
    if (!told({key.team, key.group, version})) return false;
  }
  return true;
}

// In order of the versions. A version that won other keys at another time has a row for each.
std::vector<ExposedVersion> combined(std::vector<ExposedVersion> rows) {
  std::ranges::stable_sort(rows, {}, &ExposedVersion::version);
  std::vector<ExposedVersion> out;
  for (ExposedVersion& row : rows) {
    const bool same = !out.empty() && out.back().version == row.version &&
                      out.back().version_last == row.version_last;
    if (!same) {
      out.push_back(row);
      continue;
    }
    out.back().first = std::min(out.back().first, row.first);
    out.back().last = std::max(out.back().last, row.last);
  }
  return out;
}

bool holds(const model::Value& value, std::string_view wanted) {
  bool found = false;
  if (const auto* literal = std::get_if<model::Literal>(&value)) {
    found = literal->text.equals(wanted);
  } else if (const auto* text = std::get_if<model::Template>(&value)) {
    found = text->text.equals(wanted);
    for (const base::Secret& made : text->generated) found = made.equals(wanted) || found;
  } else if (const auto* reference = std::get_if<model::Reference>(&value)) {
    found = reference->fallback && reference->fallback->equals(wanted);
  }
  return found;
}

void search(const model::Group& group, std::uint64_t version, std::string_view wanted,
            std::string_view wanted_base64, Targets& found) {
  const model::GroupHeader& header = group.header;
  for (const auto& [key, variable] : group.variables) {
    if (holds(variable.value, wanted)) found[{header.team, header.name, key}].insert(version);
  }
  for (const auto& [path, file] : group.files) {
    const bool encoded =
        file.encoding == model::Encoding::kBase64 && holds(file.data, wanted_base64);
    if (holds(file.data, wanted) || encoded) {
      found[{header.team, header.name, path}].insert(version);
    }
  }
}

using Names = std::set<std::pair<std::string, std::string>>;

// All groups that are, and those that are gone and were fetched once.
Names all_groups(const registry::Registry& known, const View& view) {
  Names names;
  view.snapshot->groups.for_all([&](const MatchIndex::Pointer& group) {
    names.emplace(group->header().team, group->header().name);
  });
  known.for_each(nullptr, [&](const registry::Record& record) {
    for (const auto& row : record.received) names.emplace(record.workload.team, row.what->group);
    return true;
  });
  return names;
}

// Not in the group as it is written: what a template or a source gives.
template <class Entry>
bool is_made(const Winner<Entry>& winner, const OpenGroup& group) {
  const model::Value* other = winner.entry->value.other;
  if (other == nullptr) return group.expanded && group.expanded->fields.contains(winner.key);
  return std::holds_alternative<model::Template>(*other) ||
         std::holds_alternative<model::Reference>(*other);
}

}  // namespace

bool Exposed::current() const {
  return std::ranges::any_of(versions, [](const auto& one) { return one.current == true; });
}

std::vector<Exposed> exposure_of(const Targets& targets, const registry::Registry& known,
                                 Versions& versions, const Told& told) {
  Wanted wanted(targets);
  std::vector<Exposed> all;
  known.for_each(nullptr, [&](const registry::Record& record) {
    const std::size_t start = all.size();
    for (const registry::Received& row : record.received) {
      for (const auto* target : wanted.of(record.workload.team, *row.what)) {
        const auto& [key, which] = *target;
        if (!asks_about(which, row) || !may_tell(told, key, row)) continue;
        const auto at = std::find_if(all.begin() + static_cast<std::ptrdiff_t>(start), all.end(),
                                     [&](const Exposed& one) { return one.key == key; });
        Exposed& one =
            at != all.end() ? *at : all.emplace_back(Exposed{record.workload, key, {}, false});
        one.versions.push_back({row.version, row.version_last, row.first, row.last, {}});
        one.in_last_bundle = one.in_last_bundle || row.in_last_bundle;
      }
    }
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(start), all.end(),
              [](const Exposed& a, const Exposed& b) { return a.key < b.key; });
    return true;
  });
  for (Exposed& one : all) {
    one.versions = combined(std::move(one.versions));
    for (ExposedVersion& version : one.versions) {
      if (version.version != version.version_last) continue;
      version.current =
          versions.is_current({one.key.team, one.key.group, version.version}, one.key.key);
    }
  }
  return all;
}

ValueSearch find_value(std::string_view value, const registry::Registry& known,
                       Versions& versions) {
  ValueSearch result;
  std::string base64 = base::base64_encode(value);
  for (const auto& [team, name] : all_groups(known, versions.view())) {
    const std::uint64_t current = versions.current(team, name);
    std::vector<std::uint64_t> kept;
    if (current == 1) {
      kept.push_back(1);
    } else if (auto history = versions.store().history(team, name)) {
      for (const auto& version : *history) {
        if (!version.deleted) kept.push_back(version.version);
      }
    }
    for (const std::uint64_t version : kept) {
      if (result.versions_searched >= kSearchedMax) {
        result.truncated = true;
        continue;
      }
      ++result.versions_searched;
      const auto group = versions.open({team, name, version});
      if (group) search(*group, version, value, base64, result.found);
    }
  }
  base::wipe(base64);
  return result;
}

Targets find_rendered(std::string_view value, const registry::Registry& known, const View& view,
                      source::Sources* sources) {
  Targets found;
  std::string base64 = base::base64_encode(value);
  source::Asking asking(sources, source::Patience::kNow);
  const Answers answers{&asking};
  OpenedGroups opened;
  const Opener open = [&opened](const MatchIndex::Pointer& group) { return opened.open(group); };
  std::vector<model::Workload> workloads;
  known.for_each(nullptr, [&](const registry::Record& record) {
    workloads.push_back(record.workload);
    return workloads.size() < kBundlesRenderedMax;
  });
  for (const model::Workload& workload : workloads) {
    const Story story =
        tell(view, workload, Overridden::kForget, OnProblem::kCollect, &open, answers);
    const auto look = [&](const auto& winners, const auto& outcomes) {
      for (std::size_t i = 0; i < winners.size(); ++i) {
        const auto& winner = winners[i];
        if (!is_made(winner, story.groups[winner.group])) continue;
        const base::Secret text(outcomes[i].text());
        const bool is_base64 = outcomes[i].encoding == model::Encoding::kBase64;
        if (!text.equals(is_base64 ? std::string_view(base64) : value)) continue;
        const auto& record = *story.groups[winner.group].record;
        found[{workload.team, record.header().name, std::string(winner.key)}].insert(
            record.version());
      }
    };
    look(story.merged.variables, story.variables);
    look(story.merged.files, story.files);
  }
  base::wipe(base64);
  return found;
}

}  // namespace sutler::resolve
