// Two nodes on one store: each has its own log, each answers for both.
#include "server/shared_audit.h"

#include <gtest/gtest.h>

#include <thread>

#include "audit/log_start.h"
#include "server/test_support.h"
#include "store/test_support.h"

namespace sutler::server {
namespace {

using base::test::must;

class SharedAuditTest : public ::testing::Test {
 protected:
  struct Node {
    audit::Options options;
    std::unique_ptr<SharedAudit> shared;
    std::unique_ptr<audit::Log> log;
    std::shared_ptr<void> attached;
  };

  std::unique_ptr<Node> start(char letter) {
    auto node = std::make_unique<Node>();
    node->options.folder = folder_.path() / std::string(1, letter);
    node->options.reserve_bytes = 0;
    node->options.checkpoint_every = std::chrono::milliseconds(5);
    const auto seed = must(fixture_.store->audit_seed());
    node->shared = std::make_unique<SharedAudit>(
        *fixture_.store, seed, node->options,
        SharedAudit::Self{std::string(audit::kNodeDigits, letter), std::string("host-") + letter},
        clock_);
    node->log = must(audit::Log::open(
        node->options, seed, clock_, node->shared->known({}),
        [shared = node->shared.get()](const audit::Position& p) { shared->reached(p); }));
    node->attached = node->shared->attach(*node->log);
    return node;
  }
  static void stop(Node& node) {
    node.attached.reset();
    node.log.reset();
    node.shared.reset();
  }
  void add(Node& node, std::string_view event) {
    const audit::Event one{.time = clock_.now(), .event = event};
    must(node.log->append({&one, 1}, audit::Durability::kWritten));
    const std::uint64_t seq = node.log->position().seq;
    const double end = base::monotonic_seconds() + 20;
    while (node.shared->stats().shipped_seq < seq && base::monotonic_seconds() < end) {
      std::this_thread::yield();
    }
    ASSERT_GE(node.shared->stats().shipped_seq, seq) << "not copied in time";
  }
  static std::size_t records(Node& node) {
    admin::Background background;
    node.shared->add_to(background);
    return must(background.merged->query({})).records.size();
  }

  test::TempFolder folder_;
  store::test::Fixture fixture_;
  base::ManualClock clock_{base::UnixTime::from_seconds(1'800'000'000)};
};

TEST_F(SharedAuditTest, EachNodeAnswersForBoth) {
  const auto a = start('a'), b = start('b');
  add(*a, "one");
  add(*b, "two");
  add(*b, "three");
  EXPECT_EQ(records(*a), 3U);
  EXPECT_EQ(records(*b), 3U);
  stop(*b);
  EXPECT_EQ(records(*a), 3U);
  stop(*a);
}

TEST_F(SharedAuditTest, ALogKeepsItsNodeWhateverTheHostIsCalledLater) {
  auto a = start('a');
  add(*a, "one");
  stop(*a);
  std::filesystem::rename(folder_.path() / "a", folder_.path() / "b");
  const auto renamed = start('b');
  EXPECT_EQ(renamed->log->node(), std::string(audit::kNodeDigits, 'a'));
  add(*renamed, "two");
  EXPECT_EQ(records(*renamed), 2U);
  stop(*renamed);
}

TEST_F(SharedAuditTest, ALostFolderGoesOnAfterWhatTheStoreHas) {
  auto a = start('a');
  add(*a, "one");
  const std::uint64_t last = a->shared->stats().shipped_seq;
  stop(*a);
  std::filesystem::remove_all(folder_.path() / "a");
  const auto again = start('a');
  EXPECT_GE(again->log->position().seq, last + 1) << "audit.truncated is the next line";
  add(*again, "two");
  EXPECT_FALSE(again->shared->stats().error);
  stop(*again);
}

}  // namespace
}  // namespace sutler::server
