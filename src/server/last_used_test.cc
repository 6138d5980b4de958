// When signing keys and tokens were last used, with two nodes that write the same rows.
#include <gtest/gtest.h>

#include "admin/token_uses.h"
#include "server/key_times.h"
#include "store/test_support.h"

namespace sutler::server {
namespace {

const base::Secret kSeed(std::string(32, 's'));
base::UnixTime at(std::int64_t second) {
  return base::UnixTime::from_seconds(1'800'000'000 + second);
}

struct KeyNode {
  explicit KeyNode(store::Backend& backend) : notes(backend, kSeed), times(notes) { times.load(); }
  void use(std::int64_t second) { slot->note(at(second)); }
  void tick(std::int64_t second) { times.flush(uses, at(second), KeyTimes::When::kIfDue); }
  [[nodiscard]] std::int64_t last() const {
    const auto found = times.last("default", "k1");
    return found ? found->seconds() - at(0).seconds() : -1;
  }
  store::Notes notes;
  KeyTimes times;
  provider::KeyUse uses;
  std::shared_ptr<provider::KeyUse::Slot> slot = uses.add_slot("default", "k1");
};

TEST(KeyTimes, EachNodeSeesTheLatestUseOfAnyWithinAMinute) {
  const auto backend = store::make_memory_backend();
  KeyNode a(*backend), b(*backend);
  a.tick(0);
  b.tick(0);
  a.use(5);
  a.tick(10);
  EXPECT_EQ(b.last(), -1);
  b.tick(60);
  EXPECT_EQ(b.last(), 5);
}

TEST(KeyTimes, AnOlderTimeDoesNotStayOverANewerOne) {
  const auto backend = store::make_memory_backend();
  KeyNode a(*backend), b(*backend);
  a.tick(0);
  b.tick(0);
  a.use(20);
  b.use(15);
  a.tick(20);
  b.tick(21);  // does not know of the other's, and writes over it
  a.tick(80);
  a.tick(91);
  EXPECT_EQ(KeyNode(*backend).last(), 20);
  b.tick(140);
  EXPECT_EQ(b.last(), 20);
}

TEST(TokenUses, TheLatestUseOfAnyNodeWins) {
  using admin::TokenUses;
  const auto backend = store::make_memory_backend();
  TokenUses a(*backend), b(*backend);
  const auto due = TokenUses::When::kDue;
  a.flush(at(0), due);
  b.flush(at(0), due);
  a.note("t1", at(40));
  b.note("t1", at(35));
  b.note("t2", at(36));
  a.flush(at(40), due);
  b.flush(at(41), due);
  a.flush(at(75), due);
  a.flush(at(110), due);
  EXPECT_EQ(TokenUses(*backend).last("t1"), at(40));
  b.flush(at(120), due);
  EXPECT_EQ(b.last("t1"), at(40));
  EXPECT_EQ(a.last("t2"), at(36));
}

}  // namespace
}  // namespace sutler::server
