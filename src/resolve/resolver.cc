#include "resolve/resolver.h"

#include <utility>

#include "base/json.h"
#include "resolve/story.h"

namespace sutler::resolve {
namespace {

base::Secret take(Outcome& outcome) {
  if (!outcome.is_rendered) return base::Secret(outcome.literal);
  return std::move(outcome.rendered);
}

model::BundleView view_of(const Story& story) {
  model::BundleView bundle;
  bundle.variables.reserve(story.variables.size());
  for (std::size_t i = 0; i < story.variables.size(); ++i) {
    bundle.variables.push_back({story.merged.variables[i].key, story.variables[i].text()});
  }
  bundle.files.reserve(story.files.size());
  for (std::size_t i = 0; i < story.files.size(); ++i) {
    const store::FileView& file = *story.merged.files[i].entry;
    bundle.files.push_back({file.key, story.files[i].text(),
                            story.files[i].encoding.value_or(file.encoding), file.owner, file.group,
                            file.permissions});
  }
  return bundle;
}

model::Bundle make_bundle(Story& story) {
  model::Bundle bundle;
  bundle.variables.reserve(story.variables.size());
  for (std::size_t i = 0; i < story.variables.size(); ++i) {
    bundle.variables.push_back(
        {std::string(story.merged.variables[i].key), take(story.variables[i])});
  }
  bundle.files.reserve(story.files.size());
  for (std::size_t i = 0; i < story.files.size(); ++i) {
    const store::FileView& file = *story.merged.files[i].entry;
    bundle.files.push_back({std::string(story.merged.files[i].key), take(story.files[i]),
                            story.files[i].encoding.value_or(file.encoding), file.owner, file.group,
                            file.permissions});
  }
  return bundle;
}

std::string groups_json(const std::vector<MatchIndex::Pointer>& groups) {
  std::string out = "[";
  for (const auto& group : groups) {
    if (out.size() > 1) out += ',';
    out += R"({"name":)";
    base::append_json_string(out, group->header().name);
    out += R"(,"version":)" + std::to_string(group->version()) + '}';
  }
  return out += ']';
}

std::string keys_json(const Merged& merged) {
  std::size_t bytes = 2;
  for (const auto& variable : merged.variables) bytes += variable.key.size() + 3;
  for (const auto& file : merged.files) bytes += file.key.size() + 3;
  std::string out;
  out.reserve(bytes);
  out += '[';
  const auto append = [&out](std::string_view key) {
    if (out.size() > 1) out += ',';
    base::append_json_string(out, key);
  };
  for (const auto& variable : merged.variables) append(variable.key);
  for (const auto& file : merged.files) append(file.key);
  return out += ']';
}

std::vector<registry::PackedKeys> won_keys(const Story& story) {
  std::vector<registry::PackedKeys> won(story.found.size());
  for (const auto& winner : story.merged.variables) {
    registry::pack_key(won[winner.group], winner.key);
  }
  for (const auto& winner : story.merged.files) {
    registry::pack_key(won[winner.group], winner.key);
  }
  return won;
}

base::Result<Story> tell_or_fail(const View& view, const model::Workload& workload,
                                 Sourcing* sourcing) {
  Answers answers;
  if (sourcing != nullptr) answers.asking = sourcing->asking;
  Story story = tell(view, workload, Overridden::kForget, OnProblem::kStop, nullptr, answers);
  if (story.problems.empty()) return story;
  Problem& problem = story.problems.front();
  if (sourcing != nullptr) {
    sourcing->source = std::move(problem.source);
    sourcing->ref = std::move(problem.ref);
  }
  return base::Unexpected(std::move(problem.error));
}

}  // namespace

base::Result<Resolved> resolve(const View& view, const model::Workload& workload,
                               Sourcing* sourcing) {
  auto told = tell_or_fail(view, workload, sourcing);
  if (!told) return pass(told);
  Story& story = *told;
  Resolved resolved;
  resolved.bundle = make_bundle(story);
  resolved.groups_json = groups_json(story.found);
  resolved.keys_json = keys_json(story.merged);
  resolved.won = won_keys(story);
  resolved.groups = std::move(story.found);
  return resolved;
}

base::Result<Rendered> render(const View& view, const model::Workload& workload,
                              Sourcing* sourcing) {
  auto told = tell_or_fail(view, workload, sourcing);
  if (!told) return pass(told);
  Story& story = *told;
  Rendered rendered;
  rendered.body = model::write_bundle_json(view_of(story));
  rendered.groups_json = groups_json(story.found);
  rendered.keys_json = keys_json(story.merged);
  rendered.won = won_keys(story);
  rendered.groups = std::move(story.found);
  return rendered;
}

}  // namespace sutler::resolve
