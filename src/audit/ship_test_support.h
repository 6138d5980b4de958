// Several nodes with a log each and one table in memory, for the tests of this room.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "audit/chain_verifier.h"
#include "audit/log.h"
#include "audit/log_test_support.h"
#include "audit/merged.h"
#include "audit/shipper.h"

namespace sutler::audit::testing {

// What a database administrator can do to it is done to `rows` directly.
class MemoryRows final : public SharedRows {
 public:
  base::Result<void> put(const std::vector<SharedRow>& batch) override {
    const std::lock_guard lock(mutex);
    if (down) return base::fail(base::Code::kUnavailable, "the database is gone");
    ++puts;
    if (tear) {  // a process that died between the chunk and what comes after it
      rows[batch.front().key] = batch.front().value;
      return base::fail(base::Code::kUnavailable, "the answer was lost");
    }
    for (const SharedRow& row : batch) {
      if (row.value.empty()) {
        rows.erase(row.key);
      } else {
        rows[row.key] = row.value;
      }
    }
    if (lose_answer) return base::fail(base::Code::kUnavailable, "the answer was lost");
    return {};
  }
  base::Result<std::vector<SharedRow>> between(const std::string& first, const std::string& last,
                                               std::size_t limit, RowOrder order) override {
    const std::lock_guard lock(mutex);
    if (down) return base::fail(base::Code::kUnavailable, "the database is gone");
    std::vector<SharedRow> found;
    const auto begin = rows.lower_bound(first), end = rows.lower_bound(last);
    if (order == RowOrder::kAscending) {
      for (auto at = begin; at != end && found.size() < limit; ++at) {
        found.push_back({at->first, at->second});
      }
    } else {
      for (auto at = end; at != begin && found.size() < limit;) {
        --at;
        found.push_back({at->first, at->second});
      }
    }
    return found;
  }
  // Keys of the chunks of that node.
  std::vector<std::string> chunks(const std::string& node) {
    const std::lock_guard lock(mutex);
    std::vector<std::string> keys;
    for (const auto& [key, value] : rows) {
      if (key.starts_with("audit/" + node + "/")) keys.push_back(key);
    }
    return keys;
  }

  std::mutex mutex;
  std::map<std::string, std::string> rows;
  bool down = false, lose_answer = false, tear = false;
  int puts = 0;
};

inline std::string node_id(char letter) { return std::string(kNodeDigits, letter); }

// One node: its folder, its log and its shipper.
class Node {
 public:
  Node(std::filesystem::path folder, char letter, ChunkTable& table, const base::Clock& clock)
      : table_(table), clock_(clock) {
    options.folder = std::move(folder);
    options.node = node_id(letter);
    options.reserve_bytes = 0;
    options.checkpoint_every = std::chrono::milliseconds(5);
    ship.folder = options.folder;
    ship.node = options.node;
    ship.node_name = std::string("host-") + letter;
    ship.chunk_bytes = 1500;
    ship.batch_bytes = 4000;
    ship.retry_after = std::chrono::milliseconds(5);
  }
  ~Node() { stop(); }

  base::Result<void> start() {
    shipper = std::make_unique<Shipper>(ship, table_, clock_);
    auto known = shipper->end_in_table();
    auto opened = Log::open(options, base::Secret(std::string_view(seed)), clock_,
                            known ? *known : Position{},
                            [this](const Position& position) { shipper->reached(position); });
    if (!opened) return std::unexpected(opened.error());
    log = std::move(*opened);
    attached_ = shipper->attach([this](const Event& event) -> base::Result<std::uint64_t> {
      if (auto done = log->append({&event, 1}, Durability::kSynced); !done) return base::pass(done);
      return log->position().seq;
    });
    return {};
  }
  void stop() {
    attached_.reset();
    log.reset();
    shipper.reset();
  }
  void add(std::string_view request_id, std::string_view project = "p") {
    Event event{.time = clock_.now(), .event = "fetch", .team = "default"};
    event.project_id = project;
    event.object_id = "o";
    event.object_type = "service";
    event.request_id = request_id;
    event.grant = true;
    ASSERT_TRUE(log->append({&event, 1}, Durability::kWritten));
  }
  // Until all that the log has now is in the table.
  void wait_until_shipped() {
    const std::uint64_t seq = log->position().seq;
    const double end = base::monotonic_seconds() + 20;
    while (shipper->stats().shipped_seq < seq && base::monotonic_seconds() < end) {
      std::this_thread::yield();
    }
    EXPECT_GE(shipper->stats().shipped_seq, seq) << "not shipped in time";
  }
  void wait_for_failure() {
    const double end = base::monotonic_seconds() + 20;
    while (!shipper->stats().error && base::monotonic_seconds() < end) std::this_thread::yield();
    EXPECT_TRUE(shipper->stats().error) << "no failure in time";
  }
  [[nodiscard]] std::string id() const { return options.node; }

  Options options;
  ShipOptions ship;
  std::string seed = std::string(32, 's');
  std::unique_ptr<Log> log;
  std::unique_ptr<Shipper> shipper;

 private:
  ChunkTable& table_;
  const base::Clock& clock_;
  std::shared_ptr<void> attached_;
};

class ShipTest : public LogTest {
 protected:
  Node& node(char letter) {
    auto& made = nodes_[letter];
    if (!made) {
      made = std::make_unique<Node>(root_ / std::string(1, letter), letter, table_, clock_);
    }
    return *made;
  }
  Node& started(char letter) {
    EXPECT_TRUE(node(letter).start());
    return node(letter);
  }
  // What the table has of that node, proved; "ok N" with its last seq, else what is wrong.
  std::string verify_table(char letter, const std::vector<LetGo>& elsewhere = {}) {
    ChainVerifier verifier(key(), 1);
    for (std::uint64_t seq = 0;;) {
      auto found = table_.at_or_after(node_id(letter), seq);
      if (!found) return found.error().message;
      if (found->damaged) return "damaged " + std::to_string(found->damaged->first_seq);
      if (!found->chunk) break;
      for (const std::string& line : split(found->chunk->lines)) {
        if (auto good = verifier.check_line(line); !good) return good.error().message;
      }
      seq = found->chunk->last_seq + 1;
    }
    if (auto start = verifier.check_start(elsewhere); !start) return start.error().message;
    let_go_ = verifier.let_go();
    return "ok " + std::to_string(verifier.verified().last_seq);
  }
  MergedLog merged(char self) {
    Node& own = node(self);
    return MergedLog({.folder = own.options.folder,
                      .node = own.id(),
                      .name = own.ship.node_name,
                      .last_seq = [&own] { return own.log ? own.log->position().seq : 0; }},
                     table_, clock_);
  }

  MemoryRows rows_;
  ChunkTable table_{rows_, base::Secret(std::string_view(seed_))};
  std::map<char, std::unique_ptr<Node>> nodes_;
  std::vector<LetGo> let_go_;
};

}  // namespace sutler::audit::testing
