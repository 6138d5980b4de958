#include "resolve/evaluation.h"

#include <algorithm>
#include <utility>

#include "base/encoding.h"
#include "base/limits.h"
#include "model/group_writer.h"
#include "resolve/stand_in.h"

namespace sutler::resolve {
namespace {

namespace limits = base::limits;
using base::Code;
using base::Result;

// The value failed because of another one, whose problem is told already.
constexpr std::string_view kTold = "already_told";
base::Unexpected already_told() { return base::fail(Code::kInvalid, {}, {}, std::string(kTold)); }

base::Unexpected too_deep() {
  return base::fail(Code::kInvalid,
                    "more than " + std::to_string(limits::kTemplateDepthMax) +
                        " templates stand behind each other",
                    {}, "template_too_deep");
}

base::Unexpected too_large(std::string what) {
  return base::fail(Code::kTooLarge, std::move(what), {}, "bundle_too_large");
}

// `NAME=value` and its NUL.
Result<void> check_variable_size(std::string_view name, std::string_view value) {
  if (name.size() + value.size() + 2 <= limits::kEnvironmentStringBytesMax) return {};
  return too_large("it is longer than the " + std::to_string(limits::kEnvironmentStringBytesMax) +
                   " bytes that Linux takes for one variable");
}

// At most this: a name as a JSON string and a comma. It holds no control characters; U+2028 and
// U+2029, which start with this byte, become twice as long.
std::size_t bytes_in_record(std::string_view name) {
  std::size_t bytes = name.size() + 3;
  for (const char c : name) {
    if (c == '"' || c == '\\') ++bytes;
    if (c == '\xe2') bytes += 3;
  }
  return bytes;
}

// A literal was looked at when it was saved; the text of a template is seen here first.
Result<void> check_file(const store::FileView& file, const Outcome& outcome) {
  const std::string_view text = outcome.text();
  const bool is_base64 = outcome.encoding.value_or(file.encoding) == model::Encoding::kBase64;
  const bool is_template = outcome.is_rendered && !outcome.is_reference;
  if (is_base64 && is_template && !base::base64_decode(text)) {
    return base::fail(Code::kInvalid, "its template gives text that is not base64",
                      "write ${KEY|base64}, or leave `encoding: base64` out", "not_base64");
  }
  if (text.size() <= (is_base64 ? kRenderedBytesMax : limits::kFileBytesMax)) return {};
  return too_large("it is longer than " + std::to_string(limits::kFileBytesMax) + " bytes");
}

}  // namespace

Evaluation::Evaluation(Story& story, const model::Workload& workload, OnProblem on_problem,
                       const Answers& answers)
    : story_(story), workload_(workload), on_problem_(on_problem), answers_(answers) {
  story_.variables.resize(story_.merged.variables.size());
  story_.files.resize(story_.merged.files.size());
  constexpr std::size_t kAroundGroupBytes = 48;  // {"name":…,"version":…}
  for (const OpenGroup& open : story_.groups) {
    names_bytes_ += bytes_in_record(open.record->header().name) + kAroundGroupBytes;
  }
}

void Evaluation::run() {
  ask_sources();
  if (stopped()) return;
  for (std::size_t i = 0; i < story_.variables.size() && !stopped() && !full_; ++i) {
    settle_variable(i);
  }
  for (std::size_t i = 0; i < story_.files.size() && !stopped() && !full_; ++i) settle_file(i);
  drop_absent();
  if (!stopped() && !story_.incomplete) check_required();
}

void Evaluation::ask_sources() {
  if (answers_.references == Answers::References::kStandIn) return;
  const auto& merged = story_.merged;
  for (std::size_t i = 0; i < merged.variables.size(); ++i) {
    const auto& winner = merged.variables[i];
    ask(winner.entry->value, winner.group, "variable ", winner.key, story_.variables[i]);
  }
  for (std::size_t i = 0; i < merged.files.size(); ++i) {
    const auto& winner = merged.files[i];
    ask(winner.entry->value, winner.group, "file ", winner.key, story_.files[i]);
  }
}

void Evaluation::ask(const store::ValueView& value, std::size_t group, std::string_view kind,
                     std::string_view key, Outcome& outcome) {
  if (value.other == nullptr) return;
  const auto* reference = std::get_if<model::Reference>(value.other);
  if (reference == nullptr) return;
  const model::GroupHeader& header = story_.groups[group].record->header();
  outcome.is_reference = true;
  outcome.found = std::make_unique<source::Found>();
  if (answers_.asking == nullptr) return;
  *outcome.found =
      answers_.asking->value(reference->from, reference->ref, header.team, header.name);
  const bool is_pending = outcome.found->state == source::Found::State::kPending;
  if (!is_pending || on_problem_ != OnProblem::kStop || stopped()) return;
  tell_problem(not_found(*outcome.found, reference->from, reference->ref).error(), kind, key, group,
               value.other);
}

void Evaluation::drop_absent() {
  const auto drop = [this](auto& winners, auto& outcomes) {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < winners.size(); ++i) {
      if (outcomes[i].state == Outcome::State::kAbsent) {
        const auto& reference = std::get<model::Reference>(*winners[i].entry->value.other);
        story_.absent.push_back({winners[i].key, winners[i].group, reference.from, reference.ref,
                                 outcomes[i].found->origin});
        continue;
      }
      if (kept != i) {
        winners[kept] = std::move(winners[i]);
        outcomes[kept] = std::move(outcomes[i]);
      }
      ++kept;
    }
    winners.resize(kept);
    outcomes.resize(kept);
  };
  drop(story_.merged.variables, story_.variables);
  drop(story_.merged.files, story_.files);
}

bool Evaluation::stopped() const {
  return on_problem_ == OnProblem::kStop && !story_.problems.empty();
}

void Evaluation::settle_variable(std::size_t position) {
  const Winner<store::VariableView>& winner = story_.merged.variables[position];
  Outcome& outcome = story_.variables[position];
  if (outcome.state != Outcome::State::kNew) return;
  outcome.state = Outcome::State::kRunning;
  path_.push_back(position);
  Result<void> done = evaluate(winner.entry->value, winner.group, Place::kVariable,
                               model::Encoding::kUnset, outcome);
  path_.pop_back();
  if (outcome.state == Outcome::State::kAbsent) return;
  if (done) done = check_expanded(winner, outcome.text());
  if (done) done = check_variable_size(winner.key, outcome.text());
  if (done) done = count(winner.key, outcome.text());
  outcome.state = done ? Outcome::State::kDone : Outcome::State::kFailed;
  if (done) return;
  tell_problem(std::move(done.error()), "variable ", winner.key, winner.group,
               winner.entry->value.other);
}

void Evaluation::settle_file(std::size_t position) {
  const Winner<store::FileView>& winner = story_.merged.files[position];
  Outcome& outcome = story_.files[position];
  Result<void> done =
      evaluate(winner.entry->value, winner.group, Place::kFile, winner.entry->encoding, outcome);
  if (outcome.state == Outcome::State::kAbsent) return;
  if (done) done = check_file(*winner.entry, outcome);
  if (done) done = count(winner.key, outcome.text());
  outcome.state = done ? Outcome::State::kDone : Outcome::State::kFailed;
  if (done) return;
  tell_problem(std::move(done.error()), "file ", winner.key, winner.group,
               winner.entry->value.other);
}

Result<void> Evaluation::evaluate(const store::ValueView& value, std::size_t group, Place place,
                                  model::Encoding wanted, Outcome& outcome) {
  if (value.other == nullptr) {
    outcome.literal = value.literal;
    return {};
  }
  if (const auto* text = std::get_if<model::Template>(value.other)) {
    if (path_.size() > limits::kTemplateDepthMax) return too_deep();
    outcome.depth = 1;
    Result<base::Secret> rendered = render_template(
        *text, workload_, [&](std::string_view name) { return look_up(name, outcome); });
    if (!rendered) return pass(rendered);
    outcome.rendered = std::move(*rendered);
    outcome.is_rendered = true;
    return {};
  }
  if (const auto* reference = std::get_if<model::Reference>(value.other)) {
    return refer(*reference, place, wanted, outcome);
  }
  // A mask is never stored: it stands for an entry of a group that did not open.
  const std::string& name = story_.groups[group].record->header().name;
  const auto is_this = [&name](const Problem& problem) { return problem.group == name; };
  if (std::ranges::any_of(story_.problems, is_this)) return already_told();
  return base::fail(Code::kCorrupt, "it has no value", {}, "corrupt");
}

Result<void> Evaluation::refer(const model::Reference& reference, Place place,
                               model::Encoding wanted, Outcome& outcome) {
  outcome.is_rendered = true;
  outcome.is_reference = true;
  if (answers_.references == Answers::References::kStandIn) {
    const model::Variable whole{model::clone(model::Value(model::Reference{
        reference.from, reference.ref, reference.optional,
        reference.fallback ? std::optional(reference.fallback->clone()) : std::nullopt,
        reference.encoding}))};
    outcome.rendered =
        stand_in({}, model::write_entry_json(whole, model::Values::kReveal).expose());
    return {};
  }
  Result<ReferenceValue> value = value_of_reference(reference, *outcome.found, place, wanted);
  if (!value) return pass(value);
  if (value->form == ReferenceValue::Form::kAbsent) outcome.state = Outcome::State::kAbsent;
  if (value->form == ReferenceValue::Form::kBase64) outcome.encoding = model::Encoding::kBase64;
  outcome.rendered = std::move(value->text);
  return {};
}

// What an object of a source gave is looked at here first.
Result<void> Evaluation::check_expanded(const Winner<store::VariableView>& winner,
                                        std::string_view value) const {
  const auto& expanded = story_.groups[winner.group].expanded;
  if (!expanded) return {};
  const auto field = expanded->fields.find(winner.key);
  if (field == expanded->fields.end()) return {};
  const Expanded::Item& item = expanded->items[field->second.item];
  return check_text(value, item.source, item.ref + "#" + field->second.name);
}

Result<std::string_view> Evaluation::look_up(std::string_view name, Outcome& asker) {
  const std::optional<std::size_t> position = find_variable(name);
  if (!position && story_.incomplete) return std::string_view();
  if (!position) {
    return base::fail(
        Code::kInvalid,
        "its template names ${" + std::string(name) + "}, which no matching group has",
        "give the variable to this workload, or correct the name", "unknown_name");
  }
  Outcome& other = story_.variables[*position];
  if (other.state == Outcome::State::kRunning) {
    return base::fail(Code::kInvalid, "its template goes round in a cycle: " + way_round(*position),
                      "give one of them a value of its own", "template_cycle");
  }
  settle_variable(*position);
  if (other.state == Outcome::State::kFailed) return already_told();
  if (other.state == Outcome::State::kAbsent) {
    return base::fail(
        Code::kInvalid,
        "its template names ${" + std::string(name) + "}, whose optional value does not exist",
        "give that reference a `default`", "unknown_name");
  }
  asker.depth = std::max(asker.depth, other.depth + 1);
  if (asker.depth > limits::kTemplateDepthMax) return too_deep();
  return other.text();
}

Result<void> Evaluation::count(std::string_view key, std::string_view text) {
  bytes_ += key.size() + text.size();
  names_bytes_ += bytes_in_record(key);
  if (bytes_ <= limits::kBundleBytesMax && names_bytes_ <= limits::kBundleNamesBytesMax) return {};
  full_ = true;
  if (names_bytes_ > limits::kBundleNamesBytesMax) {
    return base::fail(Code::kTooLarge,
                      "with it the names of the groups and keys are longer than " +
                          std::to_string(limits::kBundleNamesBytesMax) +
                          " bytes, which is what the audit can record of a fetch",
                      "use shorter paths, or give this workload fewer of them", "bundle_too_large");
  }
  return too_large("with it the bundle is larger than " + std::to_string(limits::kBundleBytesMax) +
                   " bytes");
}

std::optional<std::size_t> Evaluation::find_variable(std::string_view name) const {
  const auto& all = story_.merged.variables;
  const auto at = std::ranges::lower_bound(all, name, {}, &Winner<store::VariableView>::key);
  if (at == all.end() || at->key != name) return std::nullopt;
  return static_cast<std::size_t>(at - all.begin());
}

bool Evaluation::has_key(std::string_view key) const {
  if (!key.starts_with('/')) return find_variable(key).has_value();
  const auto& all = story_.merged.files;
  return std::ranges::binary_search(all, key, {}, &Winner<store::FileView>::key);
}

void Evaluation::check_required() {
  for (const OpenGroup& open : story_.groups) {
    const model::GroupHeader& header = open.record->header();
    for (const std::string& key : header.required_keys) {
      if (has_key(key)) continue;
      base::Error error{
          Code::kInvalid,
          "group " + header.name + " requires " + key + ", which no matching group has",
          "give " + key + " to this workload, or take it out of requiredKeys", "missing_required"};
      story_.problems.push_back({std::move(error), key, header.name});
      if (stopped()) return;
    }
  }
}

// "A -> B -> A", from the variable that was met again.
std::string Evaluation::way_round(std::size_t back_to) const {
  const auto& names = story_.merged.variables;
  std::string text;
  for (auto at = std::ranges::find(path_, back_to); at != path_.end(); ++at) {
    text.append(names[*at].key).append(" -> ");
  }
  return text.append(names[back_to].key);
}

void Evaluation::tell_problem(base::Error error, std::string_view kind, std::string_view key,
                              std::size_t group, const model::Value* value) {
  if (error.name == kTold) return;
  const std::string& name = story_.groups[group].record->header().name;
  error.message = std::string(kind).append(key) + " of group " + name + ": " + error.message;
  Problem& problem = story_.problems.emplace_back();
  problem = {std::move(error), std::string(key), name};
  if (value == nullptr) return;
  if (const auto* reference = std::get_if<model::Reference>(value)) {
    problem.source = reference->from;
    problem.ref = reference->ref;
  }
}

}  // namespace sutler::resolve
