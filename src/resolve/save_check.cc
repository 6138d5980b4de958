// What a save is warned about and refused for, that needs the other groups to be seen.
#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/limits.h"
#include "resolve/overlap.h"
#include "resolve/resolver.h"

namespace sutler::resolve {
namespace {

// Comparing is quadratic at worst and only gives advice: it is bounded, and says so when it
// stopped.
constexpr std::size_t kComparisonsMax = 500'000;
constexpr std::size_t kStoredGroupsMax = 100'000;
constexpr std::size_t kWarningsMax = 10;
constexpr std::size_t kNamedKeysMax = 3;

// A group by what the comparison needs; of the save or of the store.
struct Candidate {
  const model::GroupHeader* header;
  std::vector<std::string_view> keys;  // variables and paths; neither looks like the other; sorted
};

// Groups that could tie: the same team, priority and specificity.
struct Level {
  std::string_view team;
  int priority;
  model::Specificity specificity;
  auto operator<=>(const Level&) const = default;
};

Level level_of(const model::GroupHeader& header) {
  return {header.team, header.priority, model::specificity(header.restrictions)};
}

Candidate candidate_of(const model::Group& group) {
  Candidate candidate{&group.header, {}};
  for (const auto& [name, unused] : group.variables) candidate.keys.push_back(name);
  for (const auto& [path, unused] : group.files) candidate.keys.push_back(path);
  std::ranges::sort(candidate.keys);
  return candidate;
}

Candidate candidate_of(const store::GroupRecord& record) {
  store::GroupRecord::Keys keys = record.keys();
  Candidate candidate{&record.header(), std::move(keys.variables)};
  candidate.keys.insert(candidate.keys.end(), keys.files.begin(), keys.files.end());
  std::ranges::sort(candidate.keys);
  return candidate;
}

class TieSearch {
 public:
  TieSearch(const std::vector<model::Group>& groups, const Visible& visible) : visible_(visible) {
    for (const model::Group& group : groups) {
      names_.insert({group.header.team, group.header.name});
      saved_[level_of(group.header)].push_back(candidate_of(group));
    }
  }

  void run(const View& view, std::vector<std::string>& warnings) {
    compare_saved(warnings);
    if (view.snapshot->groups.size() > kStoredGroupsMax) {
      incomplete_ = true;
    } else {
      view.snapshot->groups.for_all(
          [&](const MatchIndex::Pointer& record) { compare_stored(*record, warnings); });
    }
    if (ties_ > kWarningsMax) {
      warnings.push_back("and " + std::to_string(ties_ - kWarningsMax) +
                         " more pairs of groups that set the same keys");
    }
    if (incomplete_ || budget_ == 0) {
      warnings.emplace_back(
          "not every pair of groups was compared for keys that tie: there are too many");
    }
  }

 private:
  void compare_saved(std::vector<std::string>& warnings) {
    for (const auto& [level, same_level] : saved_) {
      for (std::size_t i = 0; i < same_level.size(); ++i) {
        for (std::size_t j = i + 1; j < same_level.size() && budget_ > 0; ++j) {
          compare(same_level[i], same_level[j], warnings);
        }
      }
    }
  }

  void compare_stored(const store::GroupRecord& record, std::vector<std::string>& warnings) {
    const auto level = saved_.find(level_of(record.header()));
    if (level == saved_.end() || budget_ == 0) return;
    if (names_.contains({record.header().team, record.header().name})) return;  // is replaced
    if (visible_ && !visible_(record.header())) return;
    const Candidate stored = candidate_of(record);
    for (const Candidate& saved : level->second) {
      if (budget_ > 0) compare(saved, stored, warnings);
    }
  }

  void compare(const Candidate& a, const Candidate& b, std::vector<std::string>& warnings) {
    --budget_;
    std::vector<std::string_view> common;
    std::ranges::set_intersection(a.keys, b.keys, std::back_inserter(common));
    if (common.empty()) return;
    if (!restrictions_overlap(a.header->restrictions, b.header->restrictions, budget_)) return;
    if (++ties_ <= kWarningsMax) warnings.push_back(sentence(*a.header, *b.header, common));
  }

  static std::string sentence(const model::GroupHeader& a, const model::GroupHeader& b,
                              const std::vector<std::string_view>& common) {
    std::string text = "groups " + a.name + " and " + b.name + " of team " + a.team + " both set ";
    for (std::size_t i = 0; i < std::min(common.size(), kNamedKeysMax); ++i) {
      text.append(i == 0 ? "" : ", ").append(common[i]);
    }
    if (common.size() > kNamedKeysMax) {
      text += " and " + std::to_string(common.size() - kNamedKeysMax) + " more";
    }
    return text + " at priority " + std::to_string(a.priority) +
           " and the same specificity: where both match, " + std::min(a.name, b.name) +
           " wins by its name alone";
  }

  std::set<std::pair<std::string_view, std::string_view>> names_;
  std::map<Level, std::vector<Candidate>> saved_;
  const Visible& visible_;
  std::size_t budget_ = kComparisonsMax;
  std::size_t ties_ = 0;
  bool incomplete_ = false;
};

}  // namespace

std::vector<std::string> save_warnings(const View& view, const std::vector<model::Group>& groups,
                                       const Visible& visible) {
  std::vector<std::string> all;
  for (const model::Group& group : groups) {
    for (std::string& warning : model::warnings(group)) all.push_back(std::move(warning));
  }
  std::vector<std::string> ties;
  TieSearch(groups, visible).run(view, ties);
  all.insert(all.end(), std::make_move_iterator(ties.begin()), std::make_move_iterator(ties.end()));
  return all;
}

base::Result<void> check_free_globs(const View& view, const std::vector<model::Group>& groups) {
  std::map<std::string_view, std::size_t> after;  // per team of the save
  for (const model::Group& group : groups) {
    const std::string_view team = group.header.team;
    const auto at = after.try_emplace(team, view.index.free_globs(team)).first;
    at->second += count_free_globs(group.header.restrictions);
    if (const auto current = view.snapshot->find_group(team, group.header.name)) {
      at->second -= count_free_globs(current->header().restrictions);
    }
  }
  for (const auto& [team, count] : after) {
    if (count <= base::limits::kFreeGlobsPerTeamMax) continue;
    if (count <= view.index.free_globs(team)) continue;  // a save may always make it better
    return base::fail(base::Code::kInvalid,
                      "team " + std::string(team) + " would have " + std::to_string(count) +
                          " patterns that have to be tried one by one; at most " +
                          std::to_string(base::limits::kFreeGlobsPerTeamMax) + " are allowed",
                      "use exact ids and patterns with one * at the end");
  }
  return {};
}

}  // namespace sutler::resolve
