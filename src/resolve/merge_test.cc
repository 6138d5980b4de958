// Index and merge against the rules written down as naively as possible.
#include "resolve/merge.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "resolve/test_random.h"
#include "resolve/test_support.h"

namespace sutler::resolve {
namespace {

using test::Change;

// What the documentation says of patterns.
bool glob(std::string_view pattern, std::string_view name) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] == '*') {
    return glob(pattern.substr(1), name) || (!name.empty() && glob(pattern, name.substr(1)));
  }
  if (name.empty() || (pattern[0] != '?' && pattern[0] != name[0])) return false;
  return glob(pattern.substr(1), name.substr(1));
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

bool object_matches(const std::string& pattern, const model::Workload& workload) {
  const std::size_t colon = pattern.find(':');
  if (!glob(pattern.substr(0, colon), workload.object_id)) return false;
  return colon == std::string::npos ||
         lower(pattern.substr(colon + 1)) == lower(workload.object_type);
}

bool matches(const Change& group, const model::Workload& workload) {
  const bool project =
      group.projects.empty() || std::ranges::any_of(group.projects, [&](const auto& pattern) {
        return glob(pattern, workload.project_id);
      });
  const bool object =
      group.objects.empty() || std::ranges::any_of(group.objects, [&](const auto& pattern) {
        return object_matches(pattern, workload);
      });
  return project && object;
}

int narrowness(const Change& group) {
  if (!group.objects.empty()) return 2;
  return group.projects.empty() ? 0 : 1;
}

// True when `a` wins over `b`.
bool wins(const Change& a, const Change& b) {
  if (a.priority != b.priority) return a.priority > b.priority;
  if (narrowness(a) != narrowness(b)) return narrowness(a) > narrowness(b);
  return a.name < b.name;
}

std::string naive(const std::map<std::string, Change>& groups, const model::Workload& workload) {
  std::map<std::string, const Change*> winner;  // files sort before variables: '/' < 'A'
  for (const auto& [name, group] : groups) {
    if (!matches(group, workload)) continue;
    for (const auto& [key, text] : group.entries) {
      const Change*& best = winner[key];
      if (best == nullptr || wins(group, *best)) best = &group;
    }
  }
  std::string variables;
  std::string files;
  for (const auto& [key, group] : winner) {
    std::string& out = key.starts_with('/') ? files : variables;
    out += (out.empty() ? "" : " ") + key + "=" + group->name + "-" + key;
  }
  return variables + (variables.empty() || files.empty() ? "" : " ") + files;
}

RC_GTEST_PROP(MergeProperty, EveryFetchIsWhatTheRulesSay, ()) {
  const auto changes = *test::any_changes(test::Texts::kLiterals);
  test::World world;
  std::map<std::string, Change> groups;
  for (const Change& change : changes) {
    if (!apply(world, change)) continue;
    if (change.drop) {
      groups.erase(change.name);
    } else {
      groups[change.name] = change;
    }
    const auto workload = *test::any_workload();
    RC_ASSERT(world.fetch(workload) == naive(groups, workload));
  }
}

RC_GTEST_PROP(MergeProperty, AnIndexBuiltInStepsFindsWhatOneBuiltAtOnceFinds, ()) {
  const auto changes = *test::any_changes(test::Texts::kLiterals);
  test::World world;
  for (const Change& change : changes) apply(world, change);
  Catalog at_once;
  at_once.publish({nullptr, world.view()->snapshot, {}, {}, false});
  const auto workload = *test::any_workload();
  RC_ASSERT(world.view()->index.find(workload) == at_once.view()->index.find(workload));
  RC_ASSERT(world.view()->index.free_globs("default") ==
            at_once.view()->index.free_globs("default"));
}

TEST(Merge, WhatWasOverriddenIsKeptInOrder) {
  std::vector<OpenGroup> groups(3);
  for (std::size_t i = 0; i < groups.size(); ++i) {
    model::Group group;
    group.variables["A"].value = model::Literal{base::Secret("x")};
    if (i == 1) group.variables["B"].value = model::Literal{base::Secret("y")};
    groups[i].entries = std::make_shared<const store::OpenEntries>(std::move(group));
  }
  const Merged merged = merge(groups, Overridden::kKeep);
  ASSERT_EQ(merged.variables.size(), 2u);
  EXPECT_EQ(merged.variables[0].group, 0u);
  EXPECT_EQ(merged.variables[0].overridden, (std::vector<std::size_t>{1, 2}));
  EXPECT_EQ(merged.variables[1].group, 1u);
  EXPECT_TRUE(merged.variables[1].overridden.empty());
  EXPECT_TRUE(merge(groups, Overridden::kForget).variables[0].overridden.empty());
}

}  // namespace
}  // namespace sutler::resolve
