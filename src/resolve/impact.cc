#include "resolve/impact.h"

#include <algorithm>
#include <map>
#include <utility>

#include "resolve/plain_effect.h"
#include "resolve/story.h"

namespace sutler::resolve {
namespace {

Fetch outcome_of(const Story& story) {
  if (!story.problems.empty()) return Fetch::kFails;
  const bool empty = story.merged.variables.empty() && story.merged.files.empty();
  return empty ? Fetch::kEmpty : Fetch::kOk;
}

std::string reason_of(const Story& story) {
  if (story.problems.empty()) return {};
  const base::Error& error = story.problems.front().error;
  return (error.name.empty() ? "internal" : error.name) + ": " + error.message;
}

// Two lists in order of their keys, side by side.
template <class Entry>
void compare(const std::vector<Winner<Entry>>& before, const std::vector<Outcome>& old_values,
             const std::vector<Winner<Entry>>& after, const std::vector<Outcome>& new_values,
             Effect& effect) {
  std::size_t b = 0;
  std::size_t a = 0;
  while (b < before.size() || a < after.size()) {
    if (a == after.size() || (b < before.size() && before[b].key < after[a].key)) {
      effect.lost.emplace_back(before[b++].key);
    } else if (b == before.size() || after[a].key < before[b].key) {
      effect.gained.emplace_back(after[a++].key);
    } else {
      const bool same = old_values[b].text() == new_values[a].text() &&
                        same_members(*before[b].entry, *after[a].entry);
      if (!same) effect.changed.emplace_back(after[a].key);
      ++b;
      ++a;
    }
  }
}

bool names_the_workload(const store::ValueView& value) {
  if (value.other == nullptr) return false;
  const auto* text = std::get_if<model::Template>(value.other);
  return text != nullptr && text->text.expose().find("workload.") != std::string_view::npos;
}

// Workloads with the same groups before and after meet the same effect, unless a template shows
// them who asks.
class Classes {
 public:
  Classes(Overlay& overlay, const Sight& sight, bool& limited)
      : overlay_(overlay), sight_(sight), limited_(limited), plain_(overlay) {}

  // Null: none.
  std::shared_ptr<const Effect> effect(const model::Workload& workload) {
    const auto before = overlay_.before->index.find(workload);
    const auto after = overlay_.after->index.find(workload);
    Key key{workload.team, {}};
    bool own = false;
    for (const auto& group : before) own = add(key, group) || own;
    key.second.push_back(nullptr);
    for (const auto& group : after) own = add(key, group) || own;
    if (own) return keep(judge(workload, before, after));
    const auto at = known_.find(key);
    if (at != known_.end()) return at->second;
    return known_.emplace(std::move(key), keep(judge(workload, before, after))).first->second;
  }

 private:
  using Key = std::pair<std::string, std::vector<const store::GroupRecord*>>;

  Effect judge(const model::Workload& workload, const PlainGroups::Groups& before,
               const PlainGroups::Groups& after) {
    if (is_limited(overlay_, workload, sight_)) {
      limited_ = true;
      return limited_effect(overlay_, workload, sight_);
    }
    if (auto plain = plain_.effect(before, after)) return std::move(*plain);
    return effect_on(overlay_, workload);
  }
  std::shared_ptr<const Effect> keep(Effect effect) {
    if (effect.nothing()) return nullptr;
    // Often it is what the last one meets.
    if (!last_ || *last_ != effect) last_ = std::make_shared<const Effect>(std::move(effect));
    return last_;
  }
  bool add(Key& key, const MatchIndex::Pointer& group) {
    key.second.push_back(group.get());
    const auto at = shows_.find(group.get());
    if (at != shows_.end()) return at->second;
    bool shows = false;
    if (const auto opened = overlay_.opened.open(group)) {
      for (const auto& variable : (*opened)->variables()) {
        shows = shows || names_the_workload(variable.value);
      }
      for (const auto& file : (*opened)->files()) {
        shows = shows || names_the_workload(file.value);
      }
    }
    shows_.emplace(group.get(), shows);
    return shows;
  }

  Overlay& overlay_;
  const Sight& sight_;
  bool& limited_;
  PlainGroups plain_;
  std::shared_ptr<const Effect> last_;
  std::map<Key, std::shared_ptr<const Effect>> known_;
  std::unordered_map<const store::GroupRecord*, bool> shows_;
};

// Known workloads that match a group which changes, as it was or as it would be.
std::vector<model::Workload> concerned(const Overlay& overlay, const registry::Registry& known,
                                       const Sight& sight, std::size_t& checked) {
  MatchIndex changed;
  for (const auto& group : overlay.removed) changed.insert(group);
  // The same group in two states needs one name in the index only where both match.
  MatchIndex coming;
  for (const auto& group : overlay.added) coming.insert(group);
  const bool first_group =
      overlay.before->snapshot->ever_held_group != overlay.after->snapshot->ever_held_group;
  std::vector<model::Workload> found;
  known.for_each(nullptr, [&](const registry::Record& record) {
    const model::Workload& workload = record.workload;
    if (sight.knows && !sight.knows(workload)) return true;
    ++checked;
    if (first_group || overlay.teams.contains(workload.team) || !changed.find(workload).empty() ||
        !coming.find(workload).empty()) {
      found.push_back(workload);
    }
    return true;
  });
  return found;
}

}  // namespace

std::string_view to_word(Fetch fetch) {
  switch (fetch) {
    case Fetch::kOk: return "ok";
    case Fetch::kFails: return "fails";
    case Fetch::kEmpty: return "empty";
  }
  return {};
}

Effect effect_on(Overlay& overlay, const model::Workload& workload) {
  const Opener open = [&overlay](const MatchIndex::Pointer& group) {
    return overlay.opened.open(group);
  };
  const Answers answers{overlay.asking, Answers::References::kStandIn};
  const Story before =
      tell(*overlay.before, workload, Overridden::kForget, OnProblem::kStop, &open, answers);
  const Story after =
      tell(*overlay.after, workload, Overridden::kForget, OnProblem::kStop, &open, answers);
  Effect effect;
  effect.before = outcome_of(before);
  effect.after = outcome_of(after);
  effect.before_reason = reason_of(before);
  effect.after_reason = reason_of(after);
  if (effect.before == Fetch::kFails || effect.after == Fetch::kFails) return effect;
  compare(before.merged.variables, before.variables, after.merged.variables, after.variables,
          effect);
  compare(before.merged.files, before.files, after.merged.files, after.files, effect);
  return effect;
}

Impact impact_of(const std::shared_ptr<const View>& view, const std::vector<store::Change>& changes,
                 const registry::Registry& known, const Sight& sight, source::Sources* sources) {
  Impact impact;
  Overlay overlay = lay_over(view, changes);
  source::Asking asking(sources, source::Patience::kNow);
  overlay.asking = &asking;
  Classes classes(overlay, sight, impact.limited);
  for (model::Workload& workload : concerned(overlay, known, sight, impact.workloads_checked)) {
    auto effect = classes.effect(workload);
    if (effect) impact.affected.push_back({std::move(workload), std::move(effect)});
  }
  return impact;
}

}  // namespace sutler::resolve
