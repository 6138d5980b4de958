#include "resolve/expansion.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/utf8.h"
#include "resolve/reference_value.h"
#include "resolve/stand_in.h"

namespace sutler::resolve {
namespace {

using base::Code;
using State = source::Found::State;

// The objects of one group, as they were asked for.
struct Asked {
  std::size_t group;  // position in the story
  std::vector<source::Found> found;
};

// One group's variables, while they come together.
class Group {
 public:
  Group(Story& story, std::size_t group, OnProblem on_problem, const Answers& answers)
      : story_(story),
        open_(story.groups[group]),
        on_problem_(on_problem),
        stands_in_(answers.references == Answers::References::kStandIn) {}

  void take(std::size_t index, source::Found& found) {
    const model::ObjectReference& item = open_.entries->secrets_from()[index];
    made_->items.push_back({item.from, item.ref, found.state, found.origin});
    if (found.state == State::kMissing && item.optional) return;
    if (found.state != State::kValue && stands_in_) return take_unknown(index, item);
    if (found.state != State::kValue) {
      return tell(index, not_found(found, item.from, item.ref).error());
    }
    for (source::Document::Field& field : found.fields) {
      if (model::takes(item, field.name)) add(index, item, field);
      if (stopped()) return;
    }
    if (!item.optional) require_all(index, item, found.fields);
  }

  void finish() {
    std::vector<store::OpenEntries::Added> added;
    added.reserve(values_.size());
    for (auto& [name, value] : values_) added.push_back({name, std::move(value)});
    open_.entries = std::make_shared<const store::OpenEntries>(open_.entries, std::move(added));
    open_.expanded = std::move(made_);
  }

  [[nodiscard]] bool stopped() const {
    return on_problem_ == OnProblem::kStop && !story_.problems.empty();
  }

 private:
  void add(std::size_t index, const model::ObjectReference& item, source::Document::Field& field) {
    std::string name = model::variable_of(item, field.name);
    if (!model::is_variable_name(name)) {
      return tell(index,
                  {Code::kInvalid,
                   "its field " + base::quote_name(field.name) + " becomes no name of a variable",
                   "give it one with `rename`, or leave it out with `only`", "secrets_from_name"});
    }
    if (open_.entries->variable(name) != nullptr || values_.contains(name)) {
      if (item.on_conflict == model::OnConflict::kKeep) return;
      if (item.on_conflict == model::OnConflict::kError) return tell(index, conflict(name));
    }
    made_->fields[name] = {index, field.name};
    values_[name] =
        stands_in_ ? stand_in(item.from, item.ref + "#" + field.name) : std::move(field.value);
  }

  static base::Error conflict(const std::string& name) {
    return {Code::kConflict, "it gives the variable " + name + ", which the group has already",
            "say which one counts with `onConflict: keep` or `replace`, or give it another name",
            "secrets_from_conflict"};
  }

  void require_all(std::size_t index, const model::ObjectReference& item,
                   const std::vector<source::Document::Field>& fields) {
    for (const std::string& wanted : item.only) {
      if (std::ranges::find(fields, wanted, &source::Document::Field::name) != fields.end()) {
        continue;
      }
      return tell(index, {Code::kNotFound,
                          "the object at " + item.ref + " of source " + item.from + " has no " +
                              base::quote_name(wanted),
                          "put it there, or take it out of `only`", "source_missing"});
    }
  }

  // What it expands to is not known: some variable that is the same as long as the item is.
  void take_unknown(std::size_t index, const model::ObjectReference& item) {
    story_.incomplete = true;
    const std::string name =
        "secretsFrom[" + std::to_string(index) + "] of group " + open_.record->header().name;
    values_[name] = stand_in({}, model::write_secrets_from_json({item}));
  }

  void tell(std::size_t index, base::Error error) {
    const model::ObjectReference& item = made_source(index);
    const std::string& group = open_.record->header().name;
    error.message =
        "secretsFrom[" + std::to_string(index) + "] of group " + group + ": " + error.message;
    story_.problems.push_back({std::move(error), {}, group, item.from, item.ref});
  }

  [[nodiscard]] const model::ObjectReference& made_source(std::size_t index) const {
    return open_.entries->secrets_from()[index];
  }

  Story& story_;
  OpenGroup& open_;
  const OnProblem on_problem_;
  const bool stands_in_;
  std::shared_ptr<Expanded> made_ = std::make_shared<Expanded>();
  std::map<std::string, base::Secret> values_;
};

source::Found ask(const model::ObjectReference& item, const model::GroupHeader& header,
                  const Answers& answers) {
  if (answers.asking == nullptr) return {};
  return answers.asking->object(item.from, item.ref, header.team, header.name);
}

}  // namespace

void expand(Story& story, OnProblem on_problem, const Answers& answers) {
  std::vector<Asked> all;
  for (std::size_t i = 0; i < story.groups.size(); ++i) {
    const OpenGroup& open = story.groups[i];
    if (open.entries->secrets_from().empty()) continue;
    Asked& asked = all.emplace_back(Asked{i, {}});
    for (const model::ObjectReference& item : open.entries->secrets_from()) {
      asked.found.push_back(ask(item, open.record->header(), answers));
    }
  }
  // What can be had only later is told before what is wrong: perhaps it is not wrong then. (Those
  // who hear everything hear of it below.)
  const auto pends = [](const source::Found& found) { return found.state == State::kPending; };
  for (const Asked& asked : all) {
    const auto at = std::ranges::find_if(asked.found, pends);
    if (at == asked.found.end() || on_problem != OnProblem::kStop ||
        answers.references == Answers::References::kStandIn) {
      continue;
    }
    const OpenGroup& open = story.groups[asked.group];
    const auto& item =
        open.entries->secrets_from()[static_cast<std::size_t>(at - asked.found.begin())];
    story.problems.push_back({not_found(*at, item.from, item.ref).error(),
                              {},
                              open.record->header().name,
                              item.from,
                              item.ref});
    return;
  }
  for (Asked& asked : all) {
    Group group(story, asked.group, on_problem, answers);
    for (std::size_t i = 0; i < asked.found.size() && !group.stopped(); ++i) {
      group.take(i, asked.found[i]);
    }
    group.finish();
  }
}

}  // namespace sutler::resolve
