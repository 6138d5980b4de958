#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/glob.h"
#include "base/json.h"
#include "resolve/explain_source.h"
#include "resolve/resolver.h"
#include "resolve/story.h"

namespace sutler::resolve {
namespace {

// `"name":"text"`, after a comma unless it is the first of its object.
void append_member(std::string& out, std::string_view name, std::string_view text) {
  if (!out.ends_with('{')) out += ',';
  base::append_json_string(out, name);
  out += ':';
  base::append_json_string(out, text);
}

void append_member(std::string& out, std::string_view name, std::uint64_t number) {
  if (!out.ends_with('{')) out += ',';
  base::append_json_string(out, name);
  out += ':' + std::to_string(number);
}

void append_flag(std::string& out, std::string_view name) {
  if (!out.ends_with('{')) out += ',';
  base::append_json_string(out, name);
  out += ":true";
}

bool is_glob(std::string_view pattern) {
  return base::glob_kind(pattern) != base::GlobKind::kExact;
}

// "the object api (type service)", "objects like worker-* (any type)"; empty: objects are not
// named.
std::string object_words(const model::Restrictions& restrictions, const model::Workload& workload) {
  if (!restrictions.nf_objects) return {};
  for (const model::ObjectPattern& pattern : *restrictions.nf_objects) {
    if (!base::glob_matches(pattern.id, workload.object_id)) continue;
    if (!pattern.type.empty() && !model::same_type(pattern.type, workload.object_type)) continue;
    std::string words = is_glob(pattern.id) ? "objects like " : "the object ";
    words += pattern.id;
    return words + (pattern.type.empty() ? " (any type)" : " (type " + pattern.type + ")");
  }
  return {};
}

std::string project_words(const model::Restrictions& restrictions,
                          const model::Workload& workload) {
  if (!restrictions.projects) return {};
  for (const std::string& pattern : *restrictions.projects) {
    if (!base::glob_matches(pattern, workload.project_id)) continue;
    return is_glob(pattern) ? "projects like " + pattern : "project " + pattern;
  }
  return {};
}

std::string because(const model::Restrictions& restrictions, const model::Workload& workload) {
  const std::string object = object_words(restrictions, workload);
  const std::string project = project_words(restrictions, workload);
  if (object.empty() && project.empty()) return "is for every workload of the team";
  if (object.empty()) return "names " + project + ", any object";
  if (project.empty()) return "names " + object + ", in any project";
  return "names " + object + " of " + project;
}

class Writer {
 public:
  Writer(const Story& story, const model::Workload& workload, Reveal reveal, base::UnixTime now)
      : story_(story), workload_(workload), reveal_(reveal), now_(now) {}

  base::Secret run(std::uint64_t revision) {
    out_ = "{";
    append_member(out_, "team", workload_.team);
    out_ += R"(,"workload":{)";
    append_member(out_, "projectId", workload_.project_id);
    append_member(out_, "nfObjectId", workload_.object_id);
    append_member(out_, "nfObjectType", workload_.object_type);
    out_ += '}';
    append_member(out_, "revision", revision);
    append_groups();
    append_entries();
    append_absent();
    append_problems();
    append_member(out_, "outcome",
                  story_.problems.empty() ? "ok" : story_.problems.front().error.name);
    out_ += '}';
    return base::Secret(std::move(out_));
  }

 private:
  void append_groups() {
    out_ += R"(,"groups":[)";
    for (const auto& group : story_.found) {
      const model::GroupHeader& header = group->header();
      open_element();
      append_member(out_, "name", header.name);
      append_member(out_, "version", group->version());
      append_member(out_, "priority", static_cast<std::uint64_t>(header.priority));
      append_member(out_, "specificity", model::to_word(model::specificity(header.restrictions)));
      append_member(out_, "because", because(header.restrictions, workload_));
      out_ += '}';
    }
    out_ += ']';
  }

  void append_entries() {
    out_ += R"(,"entries":[)";
    for (std::size_t i = 0; i < story_.merged.variables.size(); ++i) {
      const auto& winner = story_.merged.variables[i];
      open_element();
      append_member(out_, "key", winner.key);
      append_member(out_, "kind", "ENV");
      append_value(winner.entry->value, story_.variables[i]);
      append_source(winner.entry->value, story_.variables[i], winner);
      append_origin(winner, [&](const store::OpenEntries& entries) {
        return entries.variable(winner.key)->value;
      });
      out_ += '}';
    }
    for (std::size_t i = 0; i < story_.merged.files.size(); ++i) {
      const auto& winner = story_.merged.files[i];
      open_element();
      append_member(out_, "path", winner.key);
      append_member(out_, "kind", "FILE");
      append_value(winner.entry->value, story_.files[i]);
      append_source(winner.entry->value, story_.files[i], winner);
      append_origin(winner, [&](const store::OpenEntries& entries) {
        return entries.file(winner.key)->value;
      });
      out_ += '}';
    }
    out_ += ']';
  }

  // A value that could not be given has neither `value` nor `masked` when values are asked for.
  void append_value(const store::ValueView& value, const Outcome& outcome) {
    if (reveal_ == Reveal::kNo) {
      append_flag(out_, "masked");
    } else if (outcome.state == Outcome::State::kDone) {
      append_member(out_, "value", outcome.text());
    }
    const bool is_template =
        value.other != nullptr && std::holds_alternative<model::Template>(*value.other);
    if (is_template) append_flag(out_, "template");
  }

  // Where a reference's value came from, or a variable of secretsFrom.
  template <class Entry>
  void append_source(const store::ValueView& value, const Outcome& outcome,
                     const Winner<Entry>& winner) {
    if (outcome.found) {
      const auto& reference = std::get<model::Reference>(*value.other);
      const bool stands_in = outcome.found->state == source::Found::State::kMissing &&
                             outcome.state == Outcome::State::kDone;
      append_note({reference.from, reference.ref, outcome.found->state, outcome.found->origin,
                   stands_in ? SourceNote::Default::kStandsIn : SourceNote::Default::kNo});
    }
    const auto& expanded = story_.groups[winner.group].expanded;
    if (!expanded || winner.key.starts_with('/')) return;
    const auto field = expanded->fields.find(winner.key);
    if (field == expanded->fields.end()) return;
    const Expanded::Item& item = expanded->items[field->second.item];
    const std::string ref = item.ref + "#" + field->second.name;
    append_note({item.source, ref, item.state, item.origin});
  }

  void append_note(const SourceNote& note) {
    out_ += R"(,"source":)";
    append_source_json(out_, note, now_);
  }

  // Optional entries whose values do not exist.
  void append_absent() {
    if (story_.absent.empty()) return;
    out_ += R"(,"absent":[)";
    for (const Absent& absent : story_.absent) {
      open_element();
      append_member(out_, absent.key.starts_with('/') ? "path" : "key", absent.key);
      append_from(absent.group);
      append_note({absent.source, absent.ref, source::Found::State::kMissing, absent.origin});
      out_ += '}';
    }
    out_ += ']';
  }

  void append_from(std::size_t position) {
    const store::GroupRecord& record = *story_.groups[position].record;
    append_member(out_, "inheritedFrom", record.header().name);
    append_member(out_, "version", record.version());
    append_member(out_, "priority", static_cast<std::uint64_t>(record.header().priority));
  }

  template <class Entry, class ValueIn>
  void append_origin(const Winner<Entry>& winner, const ValueIn& value_in) {
    append_from(winner.group);
    out_ += R"(,"overriding":[)";
    for (const std::size_t position : winner.overridden) {
      open_element();
      append_from(position);
      if (reveal_ == Reveal::kYes) append_unresolved(value_in(*story_.groups[position].entries));
      out_ += '}';
    }
    out_ += ']';
  }

  // What lost the merge is shown as it was written.
  void append_unresolved(const store::ValueView& value) {
    if (value.other == nullptr) {
      append_member(out_, "value", value.literal);
    } else if (const auto* text = std::get_if<model::Template>(value.other)) {
      append_member(out_, "value", text->text.expose());
    }
  }

  void append_problems() {
    out_ += R"(,"problems":[)";
    for (const Problem& problem : story_.problems) {
      open_element();
      append_member(out_, "code", problem.error.name);
      if (!problem.key.empty()) append_member(out_, "key", problem.key);
      if (!problem.group.empty()) append_member(out_, "group", problem.group);
      if (!problem.source.empty()) append_member(out_, "source", problem.source);
      if (!problem.ref.empty()) append_member(out_, "ref", problem.ref);
      append_member(out_, "message", problem.error.message);
      out_ += '}';
    }
    out_ += ']';
  }

  void open_element() { out_ += out_.ends_with('[') ? "{" : ",{"; }

  const Story& story_;
  const model::Workload& workload_;
  Reveal reveal_;
  base::UnixTime now_;
  std::string out_;
};

}  // namespace

base::Secret explain_json(const View& view, const model::Workload& workload, Reveal reveal,
                          const Sourcing& sourcing) {
  const Answers answers{sourcing.asking};
  const Story story =
      tell(view, workload, Overridden::kKeep, OnProblem::kCollect, nullptr, answers);
  return Writer(story, workload, reveal, sourcing.now).run(view.snapshot->revision);
}

}  // namespace sutler::resolve
