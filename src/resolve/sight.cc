#include "resolve/sight.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "resolve/impact.h"
#include "resolve/story.h"
#include "resolve/template.h"

namespace sutler::resolve {
namespace {

bool may(const Visible& allowed, const MatchIndex::Pointer& group) {
  return !allowed || allowed(group->header());
}

model::Value without_text(const store::ValueView& value) {
  if (value.other == nullptr) return model::Literal{};
  return model::clone(*value.other);
}

// The entries with an empty text for each literal.
store::OpenEntries blank(const MatchIndex::Pointer& record, const store::OpenEntries& entries) {
  model::Group group;
  group.header = record->header();
  for (const auto& variable : entries.variables()) {
    group.variables[std::string(variable.key)].value = without_text(variable.value);
  }
  for (const auto& file : entries.files()) {
    model::File& copy = group.files[std::string(file.key)];
    copy.data = without_text(file.value);
    copy.encoding = file.encoding;
    copy.owner = file.owner;
    copy.group = file.group;
    copy.permissions = file.permissions;
  }
  group.secrets_from = entries.secrets_from();
  return store::OpenEntries(std::move(group));
}

// One of the two states, without what is hidden and without values.
struct Side {
  bool hides = false;  // a group of the workload may not be seen
  Story story;

  [[nodiscard]] const Problem* problem() const {
    const auto counts = [this](const Problem& problem) {
      const std::string& name = problem.error.name;
      if (name == "bundle_too_large" || name == "not_base64") return false;
      return !hides || (name != "unknown_name" && name != "missing_required" && name != "no_match");
    };
    const auto at = std::ranges::find_if(story.problems, counts);
    return at == story.problems.end() ? nullptr : &*at;
  }
  [[nodiscard]] Fetch outcome() const {
    if (problem() != nullptr) return Fetch::kFails;
    const bool empty = story.merged.variables.empty() && story.merged.files.empty();
    return empty && !hides ? Fetch::kEmpty : Fetch::kOk;
  }
  [[nodiscard]] std::string reason() const {
    const Problem* const first = problem();
    if (first == nullptr) return {};
    const base::Error& error = first->error;
    return (error.name.empty() ? "internal" : error.name) + ": " + error.message;
  }
};

Side side_of(const View& view, Overlay& overlay, const model::Workload& workload,
             const Sight& sight) {
  Side side;
  View seen;
  seen.snapshot = view.snapshot;
  for (const auto& group : view.index.find(workload)) {
    if (may(sight.sees, group)) {
      seen.index.insert(group);
    } else {
      side.hides = true;
    }
  }
  const Opener open = [&](const MatchIndex::Pointer& group) -> base::Result<OpenedEntries> {
    auto entries = overlay.opened.open(group);
    if (!entries) return base::pass(entries);
    return std::make_shared<const store::OpenEntries>(blank(group, **entries));
  };
  side.story = tell(seen, workload, Overridden::kForget, OnProblem::kCollect, &open,
                    {overlay.asking, Answers::References::kStandIn});
  return side;
}

bool same_value(const store::ValueView& a, const store::ValueView& b) {
  if ((a.other == nullptr) != (b.other == nullptr)) return false;
  return a.other == nullptr ? a.literal == b.literal : model::equal(*a.other, *b.other);
}

bool same_entry(const store::VariableView& a, const store::VariableView& b) {
  return same_value(a.value, b.value);
}
bool same_entry(const store::FileView& a, const store::FileView& b) {
  return same_value(a.value, b.value) && a.encoding == b.encoding && a.owner == b.owner &&
         a.group == b.group && a.permissions == b.permissions;
}

const store::VariableView* entry_of(const store::OpenEntries& entries,
                                    const Winner<store::VariableView>& winner) {
  return entries.variable(winner.key);
}
const store::FileView* entry_of(const store::OpenEntries& entries,
                                const Winner<store::FileView>& winner) {
  return entries.file(winner.key);
}

const Winner<store::VariableView>* find(const Side& side, std::string_view name) {
  const auto& all = side.story.merged.variables;
  const auto at = std::ranges::lower_bound(all, name, {}, &Winner<store::VariableView>::key);
  return at == all.end() || at->key != name ? nullptr : &*at;
}

// Tells keys that both sides have apart by where they come from.
class Origins {
 public:
  Origins(Overlay& overlay, const Side& before, const Side& after)
      : overlay_(overlay), before_(before), after_(after) {}

  template <class Entry>
  bool differ(const Winner<Entry>& before, const Winner<Entry>& after) {
    const auto& old_group = before_.story.groups[before.group].record;
    const auto& new_group = after_.story.groups[after.group].record;
    if (old_group->header().name != new_group->header().name) return true;
    if (old_group != new_group && !same(old_group, before, new_group, after)) return true;
    return names_what_differs(after.entry->value);
  }

 private:
  template <class Entry>
  bool same(const MatchIndex::Pointer& old_group, const Winner<Entry>& before,
            const MatchIndex::Pointer& new_group, const Winner<Entry>& after) {
    const auto was = overlay_.opened.open(old_group);
    const auto is = overlay_.opened.open(new_group);
    if (!was || !is) return false;
    const auto* const old_entry = entry_of(**was, before);
    const auto* const new_entry = entry_of(**is, after);
    if (old_entry == nullptr || new_entry == nullptr) return old_entry == new_entry;
    return same_entry(*old_entry, *new_entry);
  }

  bool names_what_differs(const store::ValueView& value) {
    if (value.other == nullptr) return false;
    const auto* const text = std::get_if<model::Template>(value.other);
    const auto parts = text == nullptr ? std::nullopt : parts_of(*text);
    return parts && std::ranges::any_of(*parts, [this](const Part& part) {
             const auto* const other = std::get_if<VariablePart>(&part);
             return other != nullptr && variable_differs(other->name);
           });
  }

  static std::optional<std::vector<Part>> parts_of(const model::Template& value) {
    auto parts = parse_template(value.text.expose());
    if (!parts) return std::nullopt;
    return std::move(*parts);
  }

  bool variable_differs(const std::string& name) {
    const auto [at, is_new] = known_.try_emplace(name, false);  // a cycle ends here
    if (!is_new) return at->second;
    const auto* const was = find(before_, name);
    const auto* const is = find(after_, name);
    const bool both = was != nullptr && is != nullptr;
    const bool differs = both ? differ(*was, *is) : was != is;
    known_[name] = differs;
    return differs;
  }

  Overlay& overlay_;
  const Side& before_;
  const Side& after_;
  std::map<std::string, bool, std::less<>> known_;
};

template <class Entry>
void compare(const std::vector<Winner<Entry>>& before, const std::vector<Winner<Entry>>& after,
             Origins& origins, Effect& effect) {
  auto old_one = before.begin();
  auto new_one = after.begin();
  while (old_one != before.end() || new_one != after.end()) {
    const bool old_only =
        new_one == after.end() || (old_one != before.end() && old_one->key < new_one->key);
    if (old_only) {
      effect.lost.emplace_back((old_one++)->key);
    } else if (old_one == before.end() || new_one->key < old_one->key) {
      effect.gained.emplace_back((new_one++)->key);
    } else {
      if (origins.differ(*old_one, *new_one)) effect.changed.emplace_back(new_one->key);
      ++old_one;
      ++new_one;
    }
  }
}

}  // namespace

bool is_limited(const Overlay& overlay, const model::Workload& workload, const Sight& sight) {
  if (!sight.reveals) return false;
  const auto told = [&](const MatchIndex::Pointer& group) { return may(sight.reveals, group); };
  return !std::ranges::all_of(overlay.before->index.find(workload), told) ||
         !std::ranges::all_of(overlay.after->index.find(workload), told);
}

Effect limited_effect(Overlay& overlay, const model::Workload& workload, const Sight& sight) {
  const Side before = side_of(*overlay.before, overlay, workload, sight);
  const Side after = side_of(*overlay.after, overlay, workload, sight);
  Effect effect;
  effect.before = before.outcome();
  effect.after = after.outcome();
  effect.before_reason = before.reason();
  effect.after_reason = after.reason();
  if (effect.before == Fetch::kFails || effect.after == Fetch::kFails) return effect;
  Origins origins(overlay, before, after);
  compare(before.story.merged.variables, after.story.merged.variables, origins, effect);
  compare(before.story.merged.files, after.story.merged.files, origins, effect);
  return effect;
}

}  // namespace sutler::resolve
