#include "resolve/exposure.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "resolve/drift.h"
#include "resolve/test_random.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;

// A world whose fetches are noted, as the provider does it and as the audit has it.
struct Observed {
  struct Grant {
    model::Workload workload;
    std::vector<GroupVersion> groups;  // in merge order
    std::int64_t time = 0;
    std::map<std::string, std::string> values;
  };

  void fetch(const model::Workload& who) {
    auto resolved = resolve(*world.view(), who);
    if (!resolved) return;
    auto served = std::make_shared<registry::Served>();
    served->workload = who;
    Grant grant{who, {}, ++time, {}};
    for (std::size_t i = 0; i < resolved->groups.size(); ++i) {
      const auto& record = *resolved->groups[i];
      served->groups.push_back({record.header().name, record.version(), resolved->won[i]});
      grant.groups.push_back({who.team, record.header().name, record.version()});
    }
    for (const auto& v : resolved->bundle.variables) {
      grant.values[v.name] = std::string(v.value.expose());
    }
    for (const auto& f : resolved->bundle.files) {
      grant.values[f.path] = std::string(f.data.expose());
    }
    recorder->note(served, {base::UnixTime::from_seconds(time), {}, {}});
    known.settle();
    grants.push_back(std::move(grant));
  }
  void fetch(std::string_view who) { fetch(workload(who)); }

  [[nodiscard]] std::string drift(const model::Workload& who) {
    Versions versions(world.view(), world.store());
    DriftJudge judge(versions);
    const auto record = known.find(who);
    const auto drifts = record ? judge.judge(*record) : nullptr;
    std::string out;
    if (drifts) {
      for (const auto& one : *drifts) {
        out.append(out.empty() ? "" : " ").append(one.key).append(":").append(to_word(one.state));
      }
    }
    return out;
  }
  // "p/api A 1-2 …": who received it in which versions; `*` where a version is the value now.
  [[nodiscard]] std::string exposure(std::string_view group_name, std::string_view key) {
    Versions versions(world.view(), world.store());
    Targets targets;
    targets[{"default", std::string(group_name), std::string(key)}];
    return show(exposure_of(targets, known, versions));
  }
  static std::string show(const std::vector<Exposed>& all) {
    std::string out;
    for (const Exposed& one : all) {
      out += (out.empty() ? "" : "; ") + one.workload.project_id + "/" + one.workload.object_id;
      for (const ExposedVersion& version : one.versions) {
        out += " " + std::to_string(version.version) + "@" +
               std::to_string(version.first.seconds()) + ".." +
               std::to_string(version.last.seconds());
        out += !version.current ? "?" : *version.current ? "*" : "";
      }
    }
    return out;
  }

  World world;
  registry::Registry known{{.versions_max = 1000}, "a key for digests of 32 bytes..."};
  std::shared_ptr<registry::Recorder> recorder = known.recorder();
  std::vector<Grant> grants;
  std::int64_t time = 0;
};

TEST(Exposure, NamesWhoReceivedAKeyInWhichVersionsAndWhetherItIsTheValueNow) {
  Observed o;
  o.world.put(group("g").set("A", "old"));
  o.fetch("p/api");
  o.world.put(group("g").set("A", "new"));
  o.fetch("p/web");
  o.fetch("p/api");
  EXPECT_EQ(o.exposure("g", "A"), "p/api 1@1..1 2@3..3*; p/web 2@2..2*");
  o.world.put(group("g").set("A", "old"));
  EXPECT_EQ(o.exposure("g", "A"), "p/api 1@1..1* 2@3..3; p/web 2@2..2");
  EXPECT_EQ(o.exposure("g", "B"), "");
}

TEST(Exposure, WhatLostTheMergeWasNotReceived) {
  Observed o;
  o.world.put(group("high").priority(50).set("A", "1"));
  o.world.put(group("low").set("A", "2").set("B", "3"));
  o.fetch("p/api");
  EXPECT_EQ(o.exposure("low", "A"), "");
  EXPECT_EQ(o.exposure("low", "B"), "p/api 1@1..1*");
}

TEST(Exposure, AValueIsFoundInOldVersionsFilesAndGoneGroups) {
  Observed o;
  o.world.put(group("g").set("A", "leak").set("B", "x"));
  o.world.put(group("f").set("/f", "bGVhaw==").encoding("/f", model::Encoding::kBase64));
  o.world.put(group("gone").set("C", "leak"));
  o.fetch("p/api");
  o.world.put(group("g").set("A", "safe").set("B", "leak"));
  o.world.drop("gone");
  Versions versions(o.world.view(), o.world.store());
  const ValueSearch search = find_value("leak", o.known, versions);
  std::string found;
  for (const auto& [key, which] : search.found) {
    found += key.group + "/" + key.key + "@" + std::to_string(*which.begin()) + " ";
  }
  EXPECT_EQ(found, "f//f@1 g/A@1 g/B@2 gone/C@1 ");
  EXPECT_TRUE(find_value("other", o.known, versions).found.empty());
}

TEST(Exposure, ATemplateThatRendersTheValueIsFound) {
  Observed o;
  o.world.put(group("g").set("P", "secret").text("URL", "pg://${P}@db"));
  o.fetch("p/api");
  const Targets found = find_rendered("pg://secret@db", o.known, *o.world.view());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.begin()->first.key, "URL");
  EXPECT_TRUE(find_rendered("secret", o.known, *o.world.view()).empty());
}

TEST(Drift, IsAboutValuesAndNotAboutVersions) {
  Observed o;
  o.world.put(group("g").set("A", "1").set("B", "1"));
  o.fetch("p/api");
  o.world.put(group("g").set("A", "1").set("B", "2").set("C", "3"));
  EXPECT_EQ(o.drift(workload("p/api")), "B:changed C:added");
  o.world.put(group("g").set("A", "1").set("B", "1"));
  EXPECT_EQ(o.drift(workload("p/api")), "");
  o.world.drop("g");
  EXPECT_EQ(o.drift(workload("p/api")), "A:removed B:removed");
  EXPECT_EQ(o.drift(workload("p/never")), "");
}

TEST(Drift, ATemplateDriftsWithTheKeyThatItNames) {
  Observed o;
  o.world.put(group("g").set("A", "1").text("B", "x${A}").text("C", "${B}").text("D", "$${A}"));
  o.fetch("p/api");
  o.world.put(group("g").set("A", "2").text("B", "x${A}").text("C", "${B}").text("D", "$${A}"));
  EXPECT_EQ(o.drift(workload("p/api")), "A:changed B:changed C:changed");
}

// The last bundle against what would be fetched now, by their values.
RC_GTEST_PROP(DriftProperty, SaysWhatTheLastBundleAndTheNextWouldShow, ()) {
  Observed o;
  for (const test::Change& change : *test::any_changes(test::Texts::kLiterals)) {
    test::apply(o.world, change);
    if (*rc::gen::arbitrary<bool>()) o.fetch(*test::any_workload());
  }
  std::map<model::Workload, std::map<std::string, std::string>> last;
  for (const auto& grant : o.grants) last[grant.workload] = grant.values;
  for (const auto& [who, then] : last) {
    auto resolved = resolve(*o.world.view(), who);
    RC_ASSERT(resolved.has_value());
    std::map<std::string, std::string> now;
    for (const auto& v : resolved->bundle.variables) now[v.name] = std::string(v.value.expose());
    for (const auto& f : resolved->bundle.files) now[f.path] = std::string(f.data.expose());
    std::map<std::string, std::string> states;
    for (const auto& [key, value] : then) {
      if (!now.contains(key)) states[key] = "removed";
      if (now.contains(key) && now[key] != value) states[key] = "changed";
    }
    for (const auto& [key, value] : now) {
      if (!then.contains(key)) states[key] = "added";
    }
    std::string expected;
    for (const auto& [key, state] : states) {
      expected += (expected.empty() ? "" : " ") + key + ":" + state;
    }
    RC_ASSERT(o.drift(who) == expected);
  }
}

// Each grant again, from its record alone: groups in merge order with their versions.
RC_GTEST_PROP(ExposureProperty, SaysWhatANaiveReadingOfAllGrantsSays, ()) {
  Observed o;
  for (const test::Change& change : *test::any_changes(test::Texts::kTemplatesToo)) {
    test::apply(o.world, change);
    for (int i = 0; i < 3; ++i) o.fetch(*test::any_workload());
  }
  using Row = std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>>;
  std::map<KeyName, std::map<model::Workload, Row>> naive;
  for (const auto& grant : o.grants) {
    std::set<std::string> taken;
    for (const GroupVersion& which : grant.groups) {
      const auto opened = o.world.store().version(which.team, which.group, which.version);
      RC_ASSERT(opened.has_value());
      std::vector<std::string> keys;
      for (const auto& [name, variable] : opened->variables) keys.push_back(name);
      for (const auto& [path, file] : opened->files) keys.push_back(path);
      for (const std::string& key : keys) {
        if (!taken.insert(key).second) continue;
        auto& row = naive[{which.team, which.group, key}][grant.workload];
        const auto at = row.emplace(which.version, std::pair(grant.time, grant.time)).first;
        at->second.second = grant.time;
      }
    }
  }
  for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
    for (const char* key : {"A", "B", "C", "D", "/f", "/g"}) {
      Versions versions(o.world.view(), o.world.store());
      Targets targets;
      targets[{"default", name, key}];
      std::map<model::Workload, Row> said;
      for (const Exposed& one : exposure_of(targets, o.known, versions)) {
        for (const auto& version : one.versions) {
          said[one.workload][version.version] = {version.first.seconds(), version.last.seconds()};
        }
      }
      RC_ASSERT((said == naive[{"default", name, key}]));
    }
  }
}

}  // namespace
}  // namespace sutler::resolve
