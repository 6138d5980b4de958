#include "resolve/drift.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "resolve/test_random.h"

namespace sutler::resolve {
namespace {

using test::group;
using test::workload;
using test::World;
using Found = std::vector<MatchIndex::Pointer>;

bool all_the_same(const registry::Record& record, const Found& now) {
  std::size_t then = 0;
  for (const registry::Received& row : record.received) {
    if (!row.in_last_bundle) continue;
    ++then;
    const bool there = std::ranges::any_of(now, [&](const auto& group) {
      return group->version() == row.version && group->header().name == row.what->group;
    });
    if (!there) return false;
  }
  return then == now.size();
}

// The text of a template names the key: `${KEY}` or `${KEY|…`.
bool names(std::string_view text, std::string_view key) {
  const std::string start = "${" + std::string(key);
  for (auto at = text.find(start); at != std::string_view::npos; at = text.find(start, at + 1)) {
    const std::string_view rest = text.substr(at + start.size());
    const bool escaped = at > 0 && text[at - 1] == '$';
    if (!escaped && (rest.starts_with('}') || rest.starts_with('|'))) return true;
  }
  return false;
}

// What drift means, key by key, with nothing remembered: a map of who gave each key and one of who
// would.
class Naive {
 public:
  struct Source {
    std::string_view group;
    std::uint64_t version = 0;
  };
  using Sources = std::map<std::string_view, Source>;

  explicit Naive(Versions& versions) : versions_(versions) {}

  KeyDrifts judge(const registry::Record& record) {
    if (record.count == 0) return {};
    const Found found = versions_.view().index.find(record.workload);
    if (all_the_same(record, found)) return {};
    Sources then;
    for (const registry::Received& row : record.received) {
      if (!row.in_last_bundle) continue;
      registry::for_each_key(row.what->keys, [&](std::string_view key) {
        then.emplace(key, Source{row.what->group, row.version});
      });
    }
    Sources now;
    for (const auto& group : found) {
      const auto keys = group->keys();
      const Source source{group->header().name, group->version()};
      for (const std::string_view key : keys.variables) now.emplace(key, source);
      for (const std::string_view key : keys.files) now.emplace(key, source);
    }
    add_expanded(record.workload.team, found, then, now);
    KeyDrifts drifts = compare(record.workload.team, then, now);
    if (!drifts.empty()) follow_templates(record.workload.team, then, now, drifts);
    return drifts;
  }

  void add_expanded(const std::string& team, const Found& found, const Sources& then,
                    Sources& now) {
    const auto place = [&found](std::string_view name) {
      return std::ranges::find(
          found, name, [](const auto& group) -> std::string_view { return group->header().name; });
    };
    for (const auto& [key, source] : then) {
      const auto giver = place(source.group);
      if (key.starts_with('/') || giver == found.end()) continue;
      const auto is = now.find(key);
      if (is != now.end() && place(is->second.group) <= giver) continue;
      const Source current{(*giver)->header().name, (*giver)->version()};
      const auto was = versions_.open({team, std::string(source.group), source.version});
      const auto group = versions_.open({team, std::string(current.group), current.version});
      if (!group || group->secrets_from.empty()) continue;
      if (was && value_of(*was, key) != nullptr) continue;
      now.insert_or_assign(key, current);
    }
  }

  KeyDrifts compare(const std::string& team, const Sources& then, const Sources& now) {
    KeyDrifts drifts;
    std::set<std::string_view> keys;
    for (const auto& [key, source] : then) keys.insert(key);
    for (const auto& [key, source] : now) keys.insert(key);
    for (const std::string_view key : keys) {
      const auto was = then.find(key);
      const auto is = now.find(key);
      KeyDrift drift;
      drift.key = key;
      if (was != then.end()) {
        drift.group = was->second.group;
        drift.version = was->second.version;
      }
      if (is != now.end()) {
        drift.current_group = is->second.group;
        drift.current_version = is->second.version;
      }
      if (was == then.end()) {
        drift.state = KeyDrift::State::kAdded;
      } else if (is == now.end()) {
        drift.state = KeyDrift::State::kRemoved;
      } else {
        const auto same = versions_.same({team, drift.group, drift.version},
                                         {team, drift.current_group, drift.current_version}, key);
        if (same && *same) continue;
        drift.state = same ? KeyDrift::State::kChanged : KeyDrift::State::kUnknown;
      }
      drifts.push_back(std::move(drift));
    }
    return drifts;
  }

  void follow_templates(const std::string& team, const Sources& then, const Sources& now,
                        KeyDrifts& drifts) {
    std::set<std::string, std::less<>> drifting;
    for (const KeyDrift& drift : drifts) drifting.insert(drift.key);
    bool more = true;
    while (more) {
      more = false;
      for (const auto& [key, source] : now) {
        const auto was = then.find(key);
        if (was == then.end() || drifting.contains(key)) continue;
        const auto group = versions_.open({team, std::string(source.group), source.version});
        const auto* value = group ? value_of(*group, key) : nullptr;
        const auto* text = value ? std::get_if<model::Template>(value) : nullptr;
        if (text == nullptr) continue;
        const bool hit = std::ranges::any_of(
            drifting, [&](const std::string& other) { return names(text->text.expose(), other); });
        if (!hit) continue;
        drifts.push_back({std::string(key), KeyDrift::State::kChanged,
                          std::string(was->second.group), was->second.version,
                          std::string(source.group), source.version});
        drifting.insert(std::string(key));
        more = true;
      }
    }
    std::ranges::sort(drifts, {}, &KeyDrift::key);
  }

 private:
  Versions& versions_;
};

std::string show(const KeyDrifts& drifts) {
  std::string out;
  for (const KeyDrift& one : drifts) {
    out += one.key + ":" + std::string(to_word(one.state)) + " " + one.group + "@" +
           std::to_string(one.version) + " " + one.current_group + "@" +
           std::to_string(one.current_version) + "; ";
  }
  return out;
}

// Rows as a fetch would leave them and as none ever would: of any group, version and keys.
registry::Record any_record(registry::Registry& known) {
  registry::Record record;
  record.workload = *test::any_workload();
  record.count = *rc::gen::element<std::uint64_t>(1, 1, 1, 1, 1, 0);
  const int rows = *rc::gen::inRange(0, 5);
  for (int i = 0; i < rows; ++i) {
    registry::PackedKeys keys;
    for (const char* key : {"A", "B", "C", "D", "E", "/f", "/g"}) {
      if (*rc::gen::arbitrary<bool>()) registry::pack_key(keys, key);
    }
    registry::Received row;
    row.what = known.key_list(*rc::gen::element<std::string>("a", "b", "c", "d", "e", "f"), keys);
    row.version = *rc::gen::inRange<std::uint64_t>(1, 5);
    row.in_last_bundle = *rc::gen::element(true, true, true, false);
    record.received.push_back(std::move(row));
  }
  return record;
}

registry::Record fetched(const World& world, registry::Registry& known,
                         const model::Workload& who) {
  registry::Record record;
  record.workload = who;
  const auto resolved = resolve(*world.view(), who);
  if (!resolved) return record;
  record.count = 1;
  for (std::size_t i = 0; i < resolved->groups.size(); ++i) {
    const auto& one = *resolved->groups[i];
    registry::Received row;
    row.what = known.key_list(one.header().name, resolved->won[i]);
    row.version = one.version();
    row.in_last_bundle = true;
    record.received.push_back(std::move(row));
  }
  return record;
}

void put(World& world, const test::Change& change) {
  if (change.drop) {
    test::apply(world, change);
    return;
  }
  model::Group made = change.group();
  for (int i = *rc::gen::element(0, 0, 1, 2); i > 0; --i) {
    model::ObjectReference item;
    item.from = "vault";
    item.ref = "app/" + std::to_string(i);
    made.secrets_from.push_back(std::move(item));
  }
  world.put(std::move(made));
}

RC_GTEST_PROP(DriftProperty, OneJudgeOfAllWorkloadsSaysWhatTheNaiveOneSaysOfEach, ()) {
  World world;
  registry::Registry known({}, "a key for digests of 32 bytes...");
  std::vector<registry::Record> records;
  for (const test::Change& change : *test::any_changes(test::Texts::kTemplatesToo)) {
    put(world, change);
    records.push_back(fetched(world, known, *test::any_workload()));
  }
  for (int i = 0; i < 20; ++i) records.push_back(any_record(known));
  Versions versions(world.view(), world.store());
  DriftJudge judge(versions);
  Naive naive(versions);
  for (int round = 0; round < 2; ++round) {
    for (const registry::Record& record : records) {
      const auto drifts = judge.judge(record);
      const bool told = !drifts || !drifts->empty();
      RC_ASSERT(told);
      RC_ASSERT(show(drifts ? *drifts : KeyDrifts{}) == show(naive.judge(record)));
    }
  }
}

TEST(Drift, WorkloadsThatDriftAlikeShareWhatIsSaidOfThem) {
  World world;
  registry::Registry known({}, "a key for digests of 32 bytes...");
  world.put(group("all").set("A", "1"));
  world.put(group("p").project("p").set("B", "1"));
  world.put(group("q").project("q").set("C", "1"));
  const auto one = fetched(world, known, workload("p/o"));
  const auto two = fetched(world, known, workload("q/o"));
  world.put(group("all").set("A", "2"));
  Versions versions(world.view(), world.store());
  DriftJudge judge(versions);
  const auto said = judge.judge(one);
  ASSERT_TRUE(said);
  EXPECT_EQ(show(*said), "A:changed all@1 all@2; ");
  EXPECT_EQ(said, judge.judge(two));
}

TEST(Drift, ValuesOfTwoGroupsAreNotComparedForWhoMayNotSeeBoth) {
  World world;
  registry::Registry known({}, "a key for digests of 32 bytes...");
  world.put(group("all").set("PIN", "1234").set("B", "1"));
  const auto record = fetched(world, known, workload("p/o"));
  const auto said = [&](Visible reveals) {
    Versions versions(world.view(), world.store());
    DriftJudge judge(versions, std::move(reveals));
    const auto drifts = judge.judge(record);
    return drifts ? show(*drifts) : "";
  };
  const auto only = [](std::string_view name) {
    return [name](const model::GroupHeader& header) { return header.name == name; };
  };
  for (const char* guess : {"1234", "1111"}) {
    world.put(group("mine").priority(50).set("PIN", guess));
    for (const char* one : {"mine", "all", "none"}) {
      EXPECT_TRUE(said(only(one)).starts_with("PIN:changed all@1 mine@")) << guess << one;
    }
  }
  EXPECT_TRUE(said({}).starts_with("PIN:changed"));
  world.put(group("mine").priority(50).set("PIN", "1234"));
  EXPECT_EQ(said({}), "") << "who may see both is told what differs";
  world.put(group("all").set("PIN", "1234").set("B", "1").priority(60));
  EXPECT_EQ(said(only("mine")), "") << "an entry beside the version before of the same group";
}

TEST(Drift, KeysOutOfSecretsFromAreThereWhileItIs) {
  World world;
  registry::Registry known({}, "a key for digests of 32 bytes...");
  auto with_item = [](std::string_view literal) {
    auto made = group("g").set("A", literal).build();
    made.secrets_from.push_back({.from = "vault", .ref = "app"});
    return made;
  };
  world.put(with_item("1"));
  registry::Record record;
  record.workload = workload("p/o");
  record.count = 1;
  registry::PackedKeys keys;
  for (const char* key : {"A", "OUT"}) registry::pack_key(keys, key);
  record.received.push_back({known.key_list("g", keys), 1, 1, {}, {}, true});
  const auto said = [&] {
    Versions versions(world.view(), world.store());
    DriftJudge judge(versions);
    const auto drifts = judge.judge(record);
    return drifts ? show(*drifts) : "";
  };
  world.put(with_item("2"));
  EXPECT_EQ(said(), "A:changed g@1 g@2; ");
  world.put(group("g").set("A", "2"));
  EXPECT_EQ(said(), "A:changed g@1 g@3; OUT:removed g@1 @0; ");
}

}  // namespace
}  // namespace sutler::resolve
