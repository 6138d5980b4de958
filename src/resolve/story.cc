#include "resolve/story.h"

#include <utility>

#include "resolve/evaluation.h"
#include "resolve/expansion.h"

namespace sutler::resolve {
namespace {

using base::Code;

void tell_problem(Story& story, base::Error error) {
  story.problems.push_back({std::move(error), {}, {}});
}

// False when there is nothing more to tell.
bool check_team(const View& view, const model::Workload& workload, Story& story) {
  const store::Snapshot& snapshot = *view.snapshot;
  if (!snapshot.ever_held_group) {
    tell_problem(story,
                 {Code::kUnavailable, "the store never held a group",
                  "apply one, or look whether this is the right data directory", "store_empty"});
    return false;
  }
  const auto team = snapshot.teams.find(workload.team);
  if (team == snapshot.teams.end()) {
    tell_problem(
        story, {Code::kNotFound, "team " + workload.team + " does not exist", {}, "unknown_team"});
    return false;
  }
  story.found = view.index.find(workload);
  if (story.found.empty() && team->second->team.options.require_match) {
    tell_problem(story, {Code::kUnavailable,
                         "no group matches, and team " + workload.team + " requires a match",
                         {},
                         "no_match"});
  }
  return true;
}

// What is known of a group whose body does not open: its names.
model::Group without_values(const store::GroupRecord& record) {
  model::Group group;
  const store::GroupRecord::Keys keys = record.keys();
  for (const std::string_view name : keys.variables) {
    group.variables.emplace(name, model::Variable{model::Masked{}});
  }
  for (const std::string_view path : keys.files) {
    model::File file;
    file.data = model::Masked{};
    group.files.emplace(path, std::move(file));
  }
  return group;
}

base::Result<std::shared_ptr<const store::OpenEntries>> open_one(const MatchIndex::Pointer& record,
                                                                 const Opener* opener) {
  if (opener != nullptr) return (*opener)(record);
  auto entries = record->open_entries();
  if (!entries) return pass(entries);
  return std::make_shared<const store::OpenEntries>(std::move(*entries));
}

void open_groups(Story& story, OnProblem on_problem, const Opener* opener) {
  story.groups.reserve(story.found.size());
  for (const MatchIndex::Pointer& record : story.found) {
    auto entries = open_one(record, opener);
    if (entries) {
      story.groups.push_back({record, std::move(*entries)});
      continue;
    }
    base::Error error = std::move(entries.error());
    error.name = "corrupt";
    story.problems.push_back({std::move(error), {}, record->header().name});
    if (on_problem == OnProblem::kStop) return;
    story.groups.push_back(
        {record, std::make_shared<const store::OpenEntries>(without_values(*record))});
  }
}

}  // namespace

Story tell(const View& view, const model::Workload& workload, Overridden overridden,
           OnProblem on_problem, const Opener* opener, const Answers& answers) {
  Story story;
  const auto stopped = [&] { return on_problem == OnProblem::kStop && !story.problems.empty(); };
  if (!check_team(view, workload, story) || stopped()) return story;
  open_groups(story, on_problem, opener);
  if (stopped()) return story;
  expand(story, on_problem, answers);
  if (stopped()) return story;
  story.merged = merge(story.groups, overridden);
  Evaluation(story, workload, on_problem, answers).run();
  return story;
}

}  // namespace sutler::resolve
