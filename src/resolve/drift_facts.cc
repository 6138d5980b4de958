#include "resolve/drift_facts.h"

#include <utility>

namespace sutler::resolve {
namespace {

// The names that a template text holds: `${KEY}` or `${KEY|…`.
std::vector<NameId> names_in(std::string_view text, NameIds& ids) {
  std::vector<NameId> found;
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 1)) {
    if (at > 0 && text[at - 1] == '$') continue;  // escaped
    const std::string_view rest = text.substr(at + 2);
    const std::size_t end = rest.find_first_of("}|");
    if (end != std::string_view::npos) found.push_back(ids.of(rest.substr(0, end)));
  }
  return found;
}

}  // namespace

NameId NameIds::of(std::string_view name) {
  if (const auto at = ids_.find(name); at != ids_.end()) return at->second;
  const auto id = static_cast<NameId>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(names_.back(), id);
  return id;
}

std::size_t DriftFacts::HashPlace::operator()(const Place& place) const {
  std::uint64_t hash = reinterpret_cast<std::uintptr_t>(place.given);
  hash = (hash ^ place.version) * 0x9e3779b97f4a7c15ULL;
  hash = (hash ^ (hash >> 29) ^ reinterpret_cast<std::uintptr_t>(place.current)) *
         0xbf58476d1ce4e5b9ULL;
  return hash ^ (hash >> 32);
}

const Given& DriftFacts::given(const registry::GroupKeysPointer& what) {
  const auto [at, fresh] = given_.try_emplace(what.get());
  Given& made = at->second;
  if (!fresh) return made;
  made.what = what;
  made.group = names_.of(what->group);
  registry::for_each_key(what->keys,
                         [&](std::string_view key) { made.keys.push_back(names_.of(key)); });
  return made;
}

Current& DriftFacts::current(const MatchIndex::Pointer& group) {
  const auto [at, fresh] = current_.try_emplace(group.get());
  Current& made = at->second;
  if (!fresh) return made;
  made.record = group.get();
  made.group = names_.of(group->header().name);
  const auto keys = group->keys();
  made.keys.reserve(keys.variables.size() + keys.files.size());
  for (const std::string_view key : keys.variables) made.keys.push_back(names_.of(key));
  for (const std::string_view key : keys.files) made.keys.push_back(names_.of(key));
  return made;
}

Beside& DriftFacts::beside(const Given& given, std::uint64_t version, Current& current) {
  const auto [at, fresh] = beside_.try_emplace({&given, version, &current});
  if (fresh) at->second = {&given, version, &current, {}, {}, Beside::Answer::kNotAsked};
  return at->second;
}

GroupVersion DriftFacts::was(const Beside& both) const {
  return {both.current->record->header().team, both.given->what->group, both.version};
}

GroupVersion DriftFacts::is(const Current& current) {
  const model::GroupHeader& header = current.record->header();
  return {header.team, header.name, current.record->version()};
}

bool DriftFacts::may_compare(Beside& both) {
  if (!reveals_) return true;
  if (both.told == Beside::Answer::kNotAsked) {
    const auto then = versions_.open(was(both));
    const auto now = versions_.view().snapshot->find_group(was(both).team, was(both).group);
    const bool told = reveals_(both.current->record->header()) && then && reveals_(then->header) &&
                      (!now || reveals_(now->header()));
    both.told = told ? Beside::Answer::kYes : Beside::Answer::kNo;
  }
  return both.told == Beside::Answer::kYes;
}

Beside::Answer DriftFacts::same(Beside& both, std::size_t place) {
  if (both.same.empty()) both.same.resize(both.given->keys.size());
  Beside::Answer& answer = both.same[place];
  if (answer != Beside::Answer::kNotAsked) return answer;
  const auto same =
      versions_.same(was(both), is(*both.current), names_.name(both.given->keys[place]));
  answer = !same ? Beside::Answer::kUnknown : *same ? Beside::Answer::kYes : Beside::Answer::kNo;
  return answer;
}

Beside::Answer DriftFacts::expanded(Beside& both, std::size_t place) {
  if (both.expanded.empty()) both.expanded.resize(both.given->keys.size());
  Beside::Answer& answer = both.expanded[place];
  if (answer != Beside::Answer::kNotAsked) return answer;
  answer = Beside::Answer::kNo;
  const auto now = versions_.open(is(*both.current));
  if (!now || now->secrets_from.empty()) return answer;
  const auto then = versions_.open(was(both));
  if (then && value_of(*then, names_.name(both.given->keys[place])) != nullptr) return answer;
  return answer = Beside::Answer::kYes;
}

const std::vector<Current::Linked>& DriftFacts::templates(Current& current) {
  if (current.templates) return *current.templates;
  auto& found = current.templates.emplace();
  const auto group = versions_.open(is(current));
  if (!group) return found;
  for (const NameId key : current.keys) {
    const auto* value = value_of(*group, names_.name(key));
    const auto* text = value ? std::get_if<model::Template>(value) : nullptr;
    if (text != nullptr) found.push_back({key, names_in(text->text.expose(), names_)});
  }
  return found;
}

}  // namespace sutler::resolve
