#include "store/rewrap.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <set>

#include "store/backend/fault_backend.h"
#include "store/record_codec.h"
#include "store/sealer.h"
#include "store/test_support.h"

namespace sutler::store {
namespace {

using base::Code;
using test::master_keys;
using test::must;

// One server process over a database that others may have too. `letters` are its master keys.
struct Process {
  explicit Process(const std::shared_ptr<Backend>& shared, std::string_view letters,
                   const std::string& name = "one", Rotation::Options options = {.batch = 2})
      : store(must(Store::open(with_errors(std::make_unique<test::Meddler>(shared),
                                           [this](std::string_view) { return next_error(); }),
                               master_keys(letters)))),
        notes(store->backend(), must(store->audit_seed())),
        nodes(*store, notes, name, "/data"),
        leases(store->backend(), nodes.own_id()),
        rotation(*store, nodes, notes, leases, clock, std::move(options),
                 [this](const RotationStatus& status) { ended.set_value(status); }) {
    nodes.load();
  }
  std::optional<base::Error> next_error() {
    if (operations_left.load() < 0 || operations_left.fetch_sub(1) > 0) return std::nullopt;
    operations_left = 0;
    if (!died.exchange(true)) death.set_value();
    return base::Error{Code::kUnavailable, "dead", {}, {}};
  }
  RotationStatus wait() { return ended.get_future().get(); }

  std::atomic<int> operations_left{-1};  // negative: no end to them
  std::atomic<bool> died{false};
  std::promise<void> death;
  base::ManualClock clock{test::kSomebody.when};
  std::promise<RotationStatus> ended;
  std::unique_ptr<Store> store;
  Notes notes;
  Nodes nodes;
  Leases leases;
  Rotation rotation;
};

// A store under key k with several versions, a deleted group and a team.
void fill(const std::shared_ptr<Backend>& backend) {
  must(Store::create(*backend, *master_keys("k"), test::kSomebody));
  const auto store = must(Store::open(std::make_unique<test::Meddler>(backend), master_keys("k")));
  must(store->commit(test::changes(PutTeam{test::team("red", "/red")}), test::kSomebody));
  for (const char* value : {"1", "2", "3"}) {
    must(test::put(*store, test::group("a", {{"A", value}})));
  }
  must(test::put(*store, test::group("b", {{"B", "1"}}, "red")));
  must(test::put(*store, test::group("gone", {{"G", "1"}})));
  must(store->commit(test::changes(DeleteGroup{"default", "gone"}), test::kSomebody));
}
std::shared_ptr<Backend> filled() {
  std::shared_ptr<Backend> backend = make_memory_backend();
  fill(backend);
  return backend;
}

std::string id_of(std::string_view letter) { return master_keys(letter)->primary_id(); }

void expect_all_under_new_key(const std::shared_ptr<Backend>& backend) {
  const auto use = must(backend->key_use());
  ASSERT_EQ(use.size(), 1U);
  EXPECT_EQ(use[0].key_id, id_of("n"));
  const auto old = Store::open(std::make_unique<test::Meddler>(backend), master_keys("k"));
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().code, Code::kRefused);
  const auto store = must(Store::open(std::make_unique<test::Meddler>(backend), master_keys("n")));
  EXPECT_EQ(test::show(*store->snapshot(), "a"), "A=3");
  EXPECT_EQ(test::show(*store->snapshot(), "b", "red"), "B=1");
  EXPECT_EQ(store->snapshot()->revision, 8U);
  EXPECT_EQ(must(store->history("default", "a")).size(), 3U);
  EXPECT_EQ(must(store->history("default", "gone")).size(), 2U);
  EXPECT_TRUE(test::put(*store, test::group("c")));
}

TEST(Rotation, WrapsEverythingAnewAndTouchesNothingElse) {
  const auto backend = filled();
  Process process(backend, "nk");
  must(process.rotation.start("uid:7"));
  const RotationStatus last = process.wait();
  EXPECT_EQ(last.state, RotationState::kDone) << last.error;
  EXPECT_EQ(last.target, id_of("n"));
  EXPECT_EQ(last.by, "uid:7");
  EXPECT_EQ(last.rewrapped, 10U);  // head, seed, 2 teams, a 3, b 1, gone 2
  EXPECT_TRUE(process.store->verify());
  EXPECT_EQ(test::show(*process.store->snapshot(), "a"), "A=3");
  expect_all_under_new_key(backend);
}

TEST(Rotation, HasNothingToDoWhenTheFirstKeyWrapsEverything) {
  Process process(filled(), "kn");
  const auto refused = process.rotation.start("uid:7");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(refused.error().name, "nothing_to_rotate");
  EXPECT_NE(refused.error().hint.find("first in master_key"), std::string::npos);
}

TEST(Rotation, WaitsForEveryLiveNodeToWrapWithTheNewKey) {
  const auto backend = filled();
  Process process(backend, "nk");
  Process other(backend, "k", "two");
  must(other.nodes.announce(other.clock.now(), Nodes::When::kNow));
  auto refused = process.rotation.start("uid:7");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("node two"), std::string::npos);
  EXPECT_NE(refused.error().message.find("does not have"), std::string::npos);

  Process behind(backend, "kn", "two");
  must(behind.nodes.announce(behind.clock.now(), Nodes::When::kNow));
  refused = process.rotation.start("uid:7");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("does not wrap"), std::string::npos);

  process.clock.set(process.clock.now() + kNodeLiveFor);
  EXPECT_TRUE(process.rotation.start("uid:7")) << "a node not seen for so long is not live";
  EXPECT_EQ(process.wait().state, RotationState::kDone);
}

TEST(Rotation, ANodeThatSaidThatItStopsIsNotWaitedFor) {
  const auto backend = filled();
  Process process(backend, "nk");
  Process other(backend, "k", "two");
  must(other.nodes.announce(other.clock.now(), Nodes::When::kStopping));
  EXPECT_TRUE(process.rotation.start("uid:7"));
  EXPECT_EQ(process.wait().state, RotationState::kDone);
}

TEST(Rotation, GoesOnAfterACrashAtEveryOperationOnTheDatabase) {
  int crashes = 0;
  for (int operations = 0;; ++operations) {
    const auto backend = filled();
    bool finished = false;
    {
      Process process(backend, "nk", "one", {.batch = 2, .look_ahead = 4});
      process.operations_left = operations;
      if (process.rotation.start("uid:7")) {
        auto dead = process.death.get_future();
        auto ended = process.ended.get_future();
        // One of the two comes.
        while (dead.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready &&
               ended.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
        }
        finished = !process.died;
      }
    }
    ++crashes;
    {
      Process process(backend, "nk");
      process.rotation.resume();
      if (process.rotation.status().state == RotationState::kNone) {
        must(process.rotation.start("x"));
      }
      if (process.rotation.status().state != RotationState::kDone) {
        EXPECT_EQ(process.wait().state, RotationState::kDone) << operations;
      }
    }
    expect_all_under_new_key(backend);
    if (finished) break;
  }
  EXPECT_GT(crashes, 10);
}

TEST(Rotation, AnotherNodeGoesOnWhenTheOneThatWorkedOnItIsGone) {
  std::atomic<double> now = 1000;
  std::shared_ptr<Backend> backend = make_memory_backend([&] { return now.load(); });
  fill(backend);
  {
    Process dying(backend, "nk", "one", {.batch = 1, .look_ahead = 2});
    dying.operations_left = 12;
    ASSERT_TRUE(dying.rotation.start("uid:7"));
    dying.death.get_future().wait();
  }
  Process other(backend, "nk", "two");
  other.rotation.resume();
  EXPECT_EQ(other.rotation.status().state, RotationState::kRunning) << "it tells of it";
  EXPECT_EQ(other.rotation.start("uid:8").error().code, Code::kConflict);
  now = 1061;
  other.rotation.resume();
  EXPECT_EQ(other.wait().state, RotationState::kDone);
  EXPECT_EQ(other.rotation.status().by, "uid:7");
  expect_all_under_new_key(backend);
  Process third(backend, "nk", "three");
  third.rotation.resume();
  EXPECT_EQ(third.rotation.status().state, RotationState::kDone);
}

TEST(Rotation, WritesAndReadsGoOnMeanwhile) {
  const auto backend = filled();
  Process process(backend, "nk", "one", {.batch = 1, .look_ahead = 3});
  must(process.rotation.start("uid:7"));
  for (int i = 0; i < 50; ++i) {
    must(test::put(*process.store, test::group("a", {{"A", std::to_string(i)}})));
    EXPECT_EQ(test::show(*process.store->snapshot(), "b", "red"), "B=1");
  }
  EXPECT_EQ(process.wait().state, RotationState::kDone);
  const auto use = must(backend->key_use());
  ASSERT_EQ(use.size(), 1U);
  EXPECT_EQ(use[0].key_id, id_of("n"));
  EXPECT_EQ(must(process.store->history("default", "a")).size(), 53U);
}

TEST(Rotation, AnInterruptedOneDoesNotGoOnToAKeyThatIsNotTheFirst) {
  const auto backend = filled();
  {
    Process process(backend, "nk");
    process.operations_left = 10;
    ASSERT_TRUE(process.rotation.start("uid:7"));
    process.death.get_future().wait();
  }
  Process process(backend, "kn");
  process.rotation.resume();
  EXPECT_EQ(process.rotation.status().state, RotationState::kFailed);
  EXPECT_TRUE(process.rotation.start("uid:7")) << "back to the first key";
  EXPECT_EQ(process.wait().state, RotationState::kDone);
}

// The wrapped data key of that version lost a bit.
void damage(const std::shared_ptr<Backend>& backend, const std::string& name,
            std::uint64_t version) {
  const auto store = must(Store::open(std::make_unique<test::Meddler>(backend), master_keys("k")));
  const std::string id = store->codec()->keys().record_id(kGroupKind, "default", name);
  for (const WrappedKey& row : must(backend->wrapped_by_others({}, 1000))) {
    if (row.id != id || row.version != version) continue;
    std::string wrapped = row.wrapped;
    wrapped.back() = static_cast<char>(wrapped.back() ^ 1);
    EXPECT_EQ(must(backend->rewrap({{row, row.key_id, wrapped}})), 1U);
  }
}

TEST(Rotation, AnOldVersionThatDoesNotOpenIsLeftCountedAndNamed) {
  const auto backend = filled();
  damage(backend, "a", 1);
  damage(backend, "gone", 1);
  {
    // The damaged rows alone fill what is read at a time.
    Process process(backend, "nk", "one", {.batch = 1, .look_ahead = 1});
    must(process.rotation.start("uid:7"));
    const RotationStatus last = process.wait();
    EXPECT_EQ(last.state, RotationState::kDone) << last.error;
    EXPECT_EQ(last.rewrapped, 8U);
    EXPECT_EQ(last.damaged.count, 2U);
  }
  Process process(backend, "nk");
  const RotationStatus kept = process.rotation.status();
  EXPECT_EQ(kept.state, RotationState::kDone);
  ASSERT_EQ(kept.damaged.rows.size(), 2U);
  std::set<std::string> named;
  for (const DamagedRow& row : kept.damaged.rows) named.insert(describe(row));
  EXPECT_EQ(named, (std::set<std::string>{R"(group "a" of team "default", version 1)",
                                          R"(group "gone" of team "default", version 1)"}));
  std::uint64_t left = 0;
  for (const KeyUse& use : must(backend->key_use())) {
    if (use.key_id != id_of("n")) left += use.current + use.history;
  }
  EXPECT_EQ(left, 2U);
  // Purged, they do not hold the old key any more.
  must(process.store->purge("default", "a", {.keep_versions = 1, .in_force_since = {}}));
  must(process.store->purge("default", "gone", {.keep_versions = 1, .in_force_since = {}}));
  EXPECT_TRUE(process.store->change_keys(master_keys("n")));
}

TEST(Rotation, ACurrentRecordThatDoesNotOpenFailsIt) {
  const auto backend = filled();
  Process process(backend, "nk");
  damage(backend, "a", 3);
  must(process.rotation.start("uid:7"));
  const RotationStatus last = process.wait();
  EXPECT_EQ(last.state, RotationState::kFailed);
  EXPECT_NE(last.error.find("1 current records do not open"), std::string::npos) << last.error;
}

TEST(ChangeKeys, TakesNewKeysAndRefusesToLoseOneThatIsNeeded) {
  const auto backend = filled();
  const auto store = must(Store::open(std::make_unique<test::Meddler>(backend), master_keys("k")));
  const auto lost = store->change_keys(master_keys("n"));
  ASSERT_FALSE(lost);
  EXPECT_EQ(lost.error().code, Code::kRefused);
  EXPECT_NE(lost.error().message.find(id_of("k")), std::string::npos);
  must(store->change_keys(master_keys("nk")));
  must(test::put(*store, test::group("c", {{"C", "1"}})));
  EXPECT_EQ(store->sealer()->keys().primary_id(), id_of("n"));

  Process process(backend, "nk");
  must(process.rotation.start("uid:7"));
  EXPECT_EQ(process.wait().state, RotationState::kDone);
  must(process.store->change_keys(master_keys("n")));
  EXPECT_EQ(test::show(*process.store->snapshot(), "a"), "A=3");
  EXPECT_EQ(must(process.store->history("default", "a")).size(), 3U);
}

TEST(Nodes, WrapsAreCountedOverRestartsAndNodes) {
  const auto backend = filled();
  std::uint64_t there = 0;
  {
    Process one(backend, "k");
    there = one.store->sealer()->keys().wraps(id_of("k"));
    must(test::put(*one.store, test::group("x")));  // a group and a head
    must(one.nodes.announce(one.clock.now(), Nodes::When::kNow));
  }
  {
    Process two(backend, "k", "two");
    EXPECT_EQ(two.store->sealer()->keys().wraps(id_of("k")), there + 2);
    must(test::put(*two.store, test::group("x")));
    must(two.nodes.announce(two.clock.now(), Nodes::When::kNow));
  }
  Process again(backend, "k");
  EXPECT_EQ(again.store->sealer()->keys().wraps(id_of("k")), there + 4);
  again.clock.set(again.clock.now() + std::chrono::hours(48));
  must(again.nodes.announce(again.clock.now(), Nodes::When::kNow));
  EXPECT_EQ(must(again.nodes.all()).size(), 1U) << "a node that is long gone is forgotten";
  Process last(backend, "k");
  EXPECT_EQ(last.store->sealer()->keys().wraps(id_of("k")), there + 4)
      << "and what it wrapped is not";
}

TEST(Nodes, WrapsThatACrashLeftUncountedAreAtLeastTheRecordsThatAreThere) {
  const auto backend = filled();
  std::uint64_t records = 0;
  for (const KeyUse& use : must(backend->key_use())) records += use.current + use.history;
  ASSERT_GT(records, 5U);
  const Process process(backend, "k");
  EXPECT_EQ(process.store->sealer()->keys().wraps(id_of("k")), records);
}

TEST(Rotation, TheCountIsKeptWithEachBatch) {
  std::uint64_t most = 0;
  for (int operations = 0; most == 0; ++operations) {
    ASSERT_LT(operations, 200);
    const auto fresh = filled();
    Process process(fresh, "nk", "one", {.batch = 2, .look_ahead = 4});
    process.operations_left = operations;
    if (!process.rotation.start("uid:7")) continue;
    auto dead = process.death.get_future();
    if (dead.wait_for(std::chrono::seconds(60)) != std::future_status::ready) break;
    const Process look(fresh, "nk");
    if (look.rotation.status().state == RotationState::kRunning) {
      most = look.rotation.status().rewrapped;
    }
  }
  EXPECT_GT(most, 0U) << "no crash left a count";
}

TEST(Notes, AreSealedAndOpenOnlyAtTheirPlace) {
  const auto backend = filled();
  Process process(backend, "k");
  must(process.notes.put({{"test/a", "what it says"}, {"test/b", "other"}}));
  auto rows = must(backend->telemetry("test/"));
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0].value.find("says"), std::string::npos);
  EXPECT_EQ(must(process.notes.read("test/")).front().text, "what it says");
  std::swap(rows[0].value, rows[1].value);
  must(backend->put_telemetry(rows));
  EXPECT_TRUE(must(process.notes.read("test/")).empty());
}

}  // namespace
}  // namespace sutler::store
