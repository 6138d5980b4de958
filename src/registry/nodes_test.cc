// Several nodes over one store: each writes what it saw, and all tell the same.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <set>

#include "registry/keeper.h"
#include "registry/test_support.h"
#include "store/test_support.h"

namespace sutler::registry {
namespace {

using namespace test;

const base::Secret kSeed(std::string(32, 's'));

// What is compared: everything but circumstances, in a fixed order.
std::string describe(const Record& record) {
  std::vector<std::string> rows;
  for (const Received& row : record.received) {
    std::string keys = row.what->keys;
    std::ranges::replace(keys, '\0', ' ');
    rows.push_back(row.what->group + ":" + std::to_string(row.version) + "(" + keys + ")" +
                   std::to_string(row.first.seconds()) + ".." + std::to_string(row.last.seconds()) +
                   (row.in_last_bundle ? "*" : ""));
  }
  std::ranges::sort(rows);
  std::string out =
      std::to_string(record.count) + "x " + std::to_string(record.first_seen.seconds()) + ".." +
      std::to_string(record.last_seen.seconds()) + " failed " + std::to_string(record.failures) +
      " " + record.last_failure + " " + record.last.remote;
  for (const auto& row : rows) out += " " + row;
  return out;
}

struct World {
  std::shared_ptr<store::Backend> backend = store::make_memory_backend([this] { return now; });
  std::set<std::string> alive;
  double now = 1000;
  base::ManualClock clock{at(1'800'000'000)};
};

// One server process; it may be started again.
struct Node {
  Node(World& its_world, std::string its_id, const Options& its_options = {})
      : world(its_world), id(std::move(its_id)), options(its_options) {
    options.node = id;
    if (!id.empty()) world.alive.insert(id);
    audit::Options audit_options;
    audit_options.folder = folder / "audit";
    audit_options.reserve_bytes = 0;
    log = base::test::must(
        audit::Log::open(audit_options, kSeed, world.clock, {}, [](const audit::Position&) {}));
    start();
  }
  // As after a crash: what was not written is gone.
  void start() {
    keeper.reset();
    registry = std::make_unique<Registry>(options, codec.digest_key());
    recorder = registry->recorder();
    KeeperOptions keeping;
    keeping.batch_rows_max = 5;
    keeping.peers.node = id;
    keeping.peers.leases = &leases;
    keeping.peers.may_return = [this]() -> base::Result<std::set<std::string>> {
      return world.alive;
    };
    keeper = std::make_unique<Keeper>(*registry, codec, backend, *log, keeping);
    ASSERT_TRUE(keeper->load());
  }
  void fetch(std::int64_t seconds, std::string_view who, const std::vector<Part>& parts) {
    recorder->note(served(who, parts), {at(seconds), id, "key1"});
  }
  void work() { keeper->work(world.now += 100); }
  [[nodiscard]] std::string show(std::string_view who) const {
    const auto record = registry->find(workload(who));
    return record ? describe(*record) : "none";
  }
  [[nodiscard]] std::size_t told(std::string_view event) const {
    std::ifstream file(log->current_file());
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    std::size_t found = 0;
    for (auto place = text.find(event); place != std::string::npos;
         place = text.find(event, place + 1)) {
      ++found;
    }
    return found;
  }

  World& world;
  const std::string id;
  Options options;
  store::test::Folder folder;
  std::unique_ptr<audit::Log> log;
  store::test::Meddler backend{world.backend};
  store::Leases leases{backend, id, [this] { return world.now; }};
  RowCodec codec{kSeed};
  std::unique_ptr<Registry> registry;
  std::shared_ptr<Recorder> recorder;
  std::unique_ptr<Keeper> keeper;
};

TEST(RegistryNodes, EachTellsWhatAllSaw) {
  World world;
  Node a(world, "a"), b(world, "b");
  a.fetch(10, "p/api", {{"g", 1, "A"}, {"old", 7, "O"}});
  a.fetch(20, "p/api", {{"g", 2, "A"}});
  b.fetch(15, "p/api", {{"g", 1, "A"}});
  b.fetch(30, "p/api", {{"g", 3, "A"}});
  b.fetch(12, "p/job", {});
  b.recorder->note_failure(workload("p/api"), "no_match", {at(31), "b", {}});
  for (int i = 0; i < 2; ++i) {
    a.work();
    b.work();
  }
  const std::string_view api =
      "4x 10..30 failed 1 no_match b g:1(A )10..15 g:2(A )20..20 g:3(A )30..30* "
      "old:7(O )10..10";
  EXPECT_EQ(a.show("p/api"), api);
  EXPECT_EQ(b.show("p/api"), api);
  EXPECT_EQ(a.show("p/job"), "1x 12..12 failed 0  b");
  std::size_t seen = 0;
  a.registry->for_each(nullptr, [&](const Record& record) {
    seen += record.count;
    return true;
  });
  EXPECT_EQ(seen, 5U);
  a.start();
  EXPECT_EQ(a.show("p/api"), api) << "read at the start";
}

TEST(RegistryNodes, AClockThatWasAheadOnceDoesNotFreezeTheLastFetch) {
  World world;
  Node a(world, "a"), b(world, "b");
  const auto all_work = [&] {
    for (Node* node : {&a, &b, &a, &b}) node->work();
  };
  a.fetch(7200, "p/api", {{"g", 1, "A"}});
  all_work();
  b.fetch(10, "p/api", {{"g", 2, "A"}});
  all_work();
  const std::string_view second = "2x 10..10 failed 0  b g:1(A )7200..7200 g:2(A )10..10*";
  EXPECT_EQ(a.show("p/api"), second);
  EXPECT_EQ(b.show("p/api"), second);
  a.start();
  EXPECT_EQ(a.show("p/api"), second) << "read at the start";
  a.fetch(20, "p/api", {{"g", 1, "A"}});
  all_work();
  const std::string_view third = "3x 10..20 failed 0  a g:1(A )20..7200* g:2(A )10..10";
  EXPECT_EQ(a.show("p/api"), third);
  EXPECT_EQ(b.show("p/api"), third);
}

TEST(RegistryNodes, ANewWorkloadIsToldOnceByWhoSawItFirst) {
  World world;
  Node a(world, "a"), b(world, "b");
  a.fetch(11, "p/api", {});
  b.fetch(10, "p/api", {});
  a.fetch(10, "p/tie", {});
  b.fetch(10, "p/tie", {});
  for (int i = 0; i < 3; ++i) {
    a.work();
    b.work();
  }
  EXPECT_EQ(a.told("\"workload.new\""), 1U) << "the tie";
  EXPECT_EQ(b.told("\"workload.new\""), 1U);
  a.fetch(99, "p/api", {});
  a.work();
  a.keeper->stop();
  EXPECT_EQ(a.told("\"workload.new\""), 1U);
}

TEST(RegistryNodes, WhenNothingHappensOneQueryIsAllAndAChangeCostsOneMore) {
  World world;
  Node a(world, "a"), b(world, "b"), c(world, "c");
  for (int i = 0; i < 100; ++i) a.fetch(i, "p/o" + std::to_string(i), {{"g", 1, "A"}});
  for (Node* node : {&a, &b, &c, &b, &c}) node->work();
  int queries = 0;
  b.backend.fails = [&](std::string_view operation) {
    queries += operation == "telemetry" || operation == "put_telemetry" ? 1 : 0;
    return false;
  };
  b.work();
  EXPECT_EQ(queries, 1);
  a.fetch(200, "p/o7", {{"g", 2, "A"}});
  a.work();
  queries = 0;
  b.work();
  EXPECT_EQ(queries, 2);
  EXPECT_EQ(b.show("p/o7"), a.show("p/o7"));
}

TEST(RegistryNodes, WhoFellFarBehindReadsAllOnceMore) {
  World world;
  Node a(world, "a"), b(world, "b");
  for (std::int64_t i = 0; i < 300; ++i) {
    a.fetch(i, "p/o" + std::to_string(i % 7), {{"g", static_cast<std::uint64_t>(i), "A"}});
    a.work();
  }
  b.work();
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(b.show("p/o" + std::to_string(i)), a.show("p/o" + std::to_string(i)));
  }
}

TEST(RegistryNodes, RowsFromBeforeThereWereNodesAreReadAndTakenOver) {
  World world;
  {
    Node alone(world, "");
    alone.fetch(10, "p/api", {{"g", 1, "A"}});
    alone.fetch(10, "p/old", {{"g", 1, "B"}});
    alone.work();
    EXPECT_EQ(world.backend->telemetry("registry/n/")->size(), 0U);
  }
  Node a(world, "a"), b(world, "b");
  EXPECT_EQ(a.show("p/old"), b.show("p/old"));
  a.fetch(20, "p/api", {{"g", 2, "A"}});
  for (int i = 0; i < 3; ++i) {
    a.work();
    b.work();
  }
  EXPECT_EQ(world.backend->telemetry("registry/w/")->size(), 0U);
  EXPECT_EQ(world.backend->telemetry("registry/k/")->size(), 0U);
  for (Node* node : {&a, &b}) {
    node->start();
    EXPECT_TRUE(node->show("p/api").starts_with("2x 10..20")) << node->show("p/api");
    EXPECT_TRUE(node->show("p/old").starts_with("1x 10..10")) << node->show("p/old");
  }
}

TEST(RegistryNodes, ANodeWhoseRowsWereTakenOverWhileItLivedDoesNotCountThemTwice) {
  World world;
  Node a(world, "a"), b(world, "b");
  a.fetch(10, "p/api", {{"g", 1, "A"}});
  b.fetch(20, "p/api", {{"g", 1, "A"}});
  for (Node* node : {&a, &b}) node->work();
  world.alive.erase("a");
  b.work();
  b.work();
  EXPECT_TRUE(world.backend->telemetry("registry/n/a/")->empty());
  world.alive.insert("a");
  a.fetch(30, "p/api", {{"g", 1, "A"}});
  for (Node* node : {&a, &b, &a, &b}) node->work();
  const auto total = [](const Node& node) { return node.registry->find(workload("p/api"))->count; };
  EXPECT_EQ(total(a), 3U);
  EXPECT_EQ(total(b), 3U);
}

TEST(RegistryNodes, AStartWithoutTheDatabaseAddsWhatItSawWhenItIsBack) {
  World world;
  Node a(world, "a"), b(world, "b");
  a.fetch(10, "p/api", {{"g", 1, "A"}});
  b.fetch(20, "p/job", {{"g", 1, "A"}});
  for (int i = 0; i < 2; ++i) {
    a.work();
    b.work();
  }
  const auto told = a.told("\"workload.new\"");
  a.backend.fails = [](std::string_view) { return true; };
  a.start();
  a.fetch(30, "p/api", {{"g", 2, "A"}});
  a.fetch(31, "p/job", {{"g", 2, "A"}});
  a.work();
  a.backend.fails = [](std::string_view operation) { return operation == "put_telemetry"; };
  a.work();
  a.backend.fails = [](std::string_view) { return false; };
  for (Node* node : {&a, &b, &a, &b}) node->work();
  for (const Node* node : {&a, &b}) {
    EXPECT_EQ(node->show("p/api"), "2x 10..30 failed 0  a g:1(A )10..10 g:2(A )30..30*");
    EXPECT_EQ(node->show("p/job"), "2x 20..31 failed 0  a g:1(A )20..20 g:2(A )31..31*");
  }
  EXPECT_EQ(a.told("\"workload.new\""), told);
}

TEST(RegistryNodes, TheBoundHoldsForAllTogether) {
  World world;
  const Options few{.workloads_max = 50};
  Node a(world, "a", few), b(world, "b", few);
  for (int i = 0; i < 40; ++i) {
    a.fetch(i, "p/a" + std::to_string(i), {});
    b.fetch(i, "p/b" + std::to_string(i), {});
    a.fetch(100 + i, "p/both" + std::to_string(i / 4), {});
    b.fetch(101 + i, "p/both" + std::to_string(i / 4), {});
  }
  for (Node* node : {&a, &b, &a, &b, &a, &b}) {
    node->work();
    EXPECT_LE(node->registry->size(), 50U);
  }
  EXPECT_GE(a.registry->forgotten().count, 40U);
  EXPECT_LE(a.registry->forgotten().count, 90U);
  EXPECT_LE(world.backend->telemetry("registry/n/a/w/")->size(), 50U);
}

// One list of all that happened; what a node lost in a crash did not.
struct Model {
  struct Event {
    std::int64_t time;
    std::string node, who;
    std::vector<Part> parts;
    bool failed;
  };
  std::vector<Event> events;

  [[nodiscard]] std::string show(const std::string& who) const {
    Record all;
    KeyLists lists(kDigestKey);
    std::int64_t asked = -1;
    bool any = false;
    for (const Event& event : events) {
      if (event.who != who) continue;
      const auto time = at(event.time);
      if (!any || time < all.first_seen) all.first_seen = time;
      any = true;
      if (event.time > asked) all.last.remote = event.node;
      asked = std::max(asked, event.time);
      if (event.failed) {
        ++all.failures;
        all.last_failed = std::max(all.last_failed, time);
        all.last_failure = "no_match";
        continue;
      }
      ++all.count;
      const bool newest = time >= all.last_seen;
      if (newest) {
        all.last_seen = time;
        for (Received& row : all.received) row.in_last_bundle = false;
      }
      for (const Part& part : event.parts) {
        const auto what = lists.get(part.group, packed(part.keys));
        auto row = std::ranges::find_if(all.received, [&](const Received& one) {
          return one.what == what && one.version == part.version;
        });
        if (row == all.received.end()) {
          all.received.push_back({what, part.version, part.version, time, time, false});
          row = all.received.end() - 1;
        }
        row->first = std::min(row->first, time);
        row->last = std::max(row->last, time);
        if (newest) row->in_last_bundle = true;
      }
    }
    return any ? describe(all) : "none";
  }
};

class RandomNodes : public testing::TestWithParam<unsigned> {
 protected:
  std::size_t pick(std::size_t below) { return random_() % below; }
  void fetch(Node& node) {
    const std::string who = "p/o" + std::to_string(pick(12));
    ++time_;
    if (pick(6) == 0) {
      node.recorder->note_failure(workload(who), "no_match", {at(time_), node.id, {}});
      node.registry->settle();
      model_.events.push_back({time_, node.id, who, {}, true});
      return;
    }
    std::vector<Part> parts;
    for (const char* group : {"g", "h"}) {
      if (pick(3) > 0) parts.push_back({group, 1 + pick(4), pick(2) == 0 ? "A" : "A B"});
    }
    node.fetch(time_, who, parts);
    node.registry->settle();
    model_.events.push_back({time_, node.id, who, parts, false});
  }
  void expect_same(Node& node, const char* when) {
    for (int i = 0; i < 12; ++i) {
      const std::string who = "p/o" + std::to_string(i);
      ASSERT_EQ(node.show(who), model_.show(who)) << when << " " << node.id << " " << who;
    }
  }

  std::mt19937 random_{GetParam()};
  std::int64_t time_ = 0;
  Model model_;
};

TEST_P(RandomNodes, AgreeWithOneNaiveModel) {
  World world;
  std::vector<std::unique_ptr<Node>> nodes;
  for (const char* id : {"a", "b", "c"}) nodes.push_back(std::make_unique<Node>(world, id));
  bool broken = false;
  const auto breaks = [&](std::string_view operation) {
    return broken && operation.ends_with("telemetry") && pick(4) == 0;
  };
  const auto all_work = [&] {
    for (int i = 0; i < 4; ++i) {
      for (auto& node : nodes) node->work();
    }
  };
  int next = 0;
  for (int round = 0; round < 12; ++round) {
    for (auto& node : nodes) node->backend.fails = node->backend.loses = breaks;
    broken = true;
    for (int step = 0; step < 60; ++step) {
      Node& node = *nodes[pick(nodes.size())];
      if (pick(3) == 0) {
        node.work();
      } else {
        fetch(node);
      }
    }
    broken = false;
    all_work();
    for (auto& node : nodes) ASSERT_NO_FATAL_FAILURE(expect_same(*node, "running"));
    Node& again = *nodes[pick(nodes.size())];
    again.start();
    ASSERT_NO_FATAL_FAILURE(expect_same(again, "started again"));
    if (round % 3 == 2) {  // one goes for good, a new one comes
      auto& leaving = nodes[pick(nodes.size())];
      const std::string gone = leaving->id;
      world.alive.erase(gone);
      leaving = std::make_unique<Node>(world, "n" + std::to_string(next++));
      all_work();
      for (auto& node : nodes) ASSERT_NO_FATAL_FAILURE(expect_same(*node, "one gone"));
      EXPECT_TRUE(world.backend->telemetry("registry/n/" + gone + "/")->empty());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomNodes, testing::Range(1U, 9U));

}  // namespace
}  // namespace sutler::registry
