#include "admin/revision_api.h"

#include <algorithm>

#include "admin/action.h"
#include "admin/commit.h"
#include "admin/json_io.h"
#include "admin/page.h"
#include "admin/past.h"
#include "admin/restore.h"
#include "admin/write_query.h"

namespace sutler::admin {
namespace {

using base::Code;

// Of each commit in the list; the others are counted.
constexpr std::size_t kChangesListedMax = 20;
// Read for somebody who may see only some of them.
constexpr std::size_t kChangesReadMax = 1'000;
constexpr std::uint64_t kRevisionsAtOnce = 64;
// A page ends where so many revisions brought nothing to show.
constexpr std::uint64_t kRevisionsReadMax = 4'096;

std::string change_json(const store::Commit::Change& change) {
  JsonObject one;
  one.text("kind", change.kind);
  if (change.kind != "system") one.text("team", change.team);
  if (!change.name.empty()) one.text("name", change.name);
  one.number("version", change.version);
  if (change.deleted) one.raw("deleted", "true");
  return one.done();
}

std::string commit_json(const store::Commit& commit) {
  JsonArray changes;
  for (const auto& change : commit.changes) changes.raw(change_json(change));
  JsonObject one;
  one.number("revision", commit.revision)
      .text("when", base::rfc3339(commit.info.when))
      .text("who", commit.info.who);
  if (!commit.info.message.empty()) one.text("message", commit.info.message);
  one.raw("changes", changes.done());
  if (commit.more > 0) one.number("more", commit.more);
  return one.done();
}

// Leaves what `who` may know, at most so many; false when nothing is left.
bool keep_known(const Context& context, const Principal& who, store::Commit& commit,
                std::size_t changes_max) {
  std::erase_if(commit.changes,
                [&](const auto& change) { return !may_know(context, who, change); });
  if (!sees_everything(who)) commit.more = 0;
  if (changes_max > 0 && commit.changes.size() > changes_max) {
    commit.more += commit.changes.size() - changes_max;
    commit.changes.resize(changes_max);
  }
  return !commit.changes.empty();
}

// Fills the page from `last` down.
base::Result<void> fill(const Context& context, const Principal& who, std::uint64_t last,
                        Page& page) {
  const std::size_t read = sees_everything(who) ? kChangesListedMax : kChangesReadMax;
  const std::uint64_t stop = last > kRevisionsReadMax ? last - kRevisionsReadMax : 0;
  while (last > stop) {
    const std::uint64_t first = last > kRevisionsAtOnce ? last - kRevisionsAtOnce + 1 : 1;
    auto commits = context.store.commits({.first = first, .last = last, .changes_max = read});
    if (!commits) return base::pass(commits);
    for (auto at = commits->rbegin(); at != commits->rend(); ++at) {
      if (!keep_known(context, who, *at, kChangesListedMax)) continue;
      if (page.full()) return {};
      page.add(descending_place(at->revision), commit_json(*at));
    }
    last = first - 1;
  }
  if (stop > 0) page.stop_at(descending_place(last + 1));
  return {};
}

}  // namespace

base::Result<http::Response> list_revisions(const Context& context, const Call& call, Action&) {
  auto page = Page::read(call.query);
  if (!page) return base::pass(page);
  std::uint64_t last = context.store.snapshot()->revision;
  if (!page->after().empty()) {
    const auto after = number_at(page->after());
    if (!after || *after == 0) {
      return base::fail(Code::kInvalid, "query parameter \"cursor\" is none that this list gave");
    }
    last = std::min(last, *after - 1);
  }
  auto filled = fill(context, call.who, last, *page);
  if (!filled) return base::pass(filled);
  return json_response(200, page->done());
}

base::Result<http::Response> show_revision(const Context& context, const Call& call, Action&) {
  auto revision = path_number(call, "revision");
  if (!revision) return base::pass(revision);
  auto commit = context.store.commit_changes(*revision);
  if (!commit) return base::pass(commit);
  if (!keep_known(context, call.who, *commit, 0)) {
    return base::fail(Code::kNotFound, "there is no revision " + std::to_string(*revision), {},
                      "no_revision");
  }
  return json_response(200, commit_json(*commit));
}

base::Result<http::Response> undo_revision(const Context& context, const Call& call,
                                           Action& action) {
  auto revision = path_number(call, "revision");
  if (!revision) return base::pass(revision);
  auto force = call.query.flag("force");
  if (!force) return base::pass(force);
  auto rules = read_restore_rules(call);
  if (!rules) return base::pass(rules);
  const WriteTurn turn(context);
  auto commit = context.store.commit_changes(*revision);
  if (!commit) return base::pass(commit);
  for (const auto& change : commit->changes) {
    if (may_know(context, call.who, change)) continue;
    return base::fail(
        Code::kRefused,
        "revision " + std::to_string(*revision) + " changed something outside of your scope",
        "take your groups back one by one: sutler group rollback", "out_of_scope");
  }
  auto plan = plan_undo(context.store, *context.catalog.view(), *commit,
                        *force ? Overwrite::kYes : Overwrite::kRefuse, *rules);
  if (!plan) return base::pass(plan);
  return carry_out(context, call, action, std::move(*plan));
}

}  // namespace sutler::admin
