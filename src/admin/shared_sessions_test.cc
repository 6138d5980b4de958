// Sessions and wrong tokens of two nodes behind a load balancer.
#include <gtest/gtest.h>

#include "admin/access.h"
#include "admin/login_throttle.h"
#include "admin/sessions.h"
#include "store/test_support.h"

namespace sutler::admin {
namespace {

const base::Secret kSeed(std::string(32, 's'));
base::UnixTime at(std::int64_t second) { return base::UnixTime::from_seconds(second); }

Principal named(const char* name) {
  Principal who;
  who.name = name;
  who.token_id = "t1";
  return who;
}

struct Node {
  explicit Node(const std::shared_ptr<store::Backend>& shared, const SessionOptions& options = {})
      : backend(shared), sessions(options) {
    sessions.share(std::make_unique<SessionRows>(backend, kSeed));
  }
  store::test::Meddler backend;
  Sessions sessions;
};

struct SharedSessions : testing::Test {
  std::shared_ptr<store::Backend> shared = store::make_memory_backend();
  Node a{shared}, b{shared};
};

TEST_F(SharedSessions, OneThatBeganOnANodeIsGoodOnTheOthersAndAfterARestart) {
  const std::string id = a.sessions.open(named("alice"), at(1));
  const auto found = b.sessions.find(id, at(2));
  ASSERT_TRUE(found);
  EXPECT_EQ(found->operator_name, "alice");
  EXPECT_EQ(found->token_id, "t1");
  EXPECT_TRUE(Node(shared).sessions.find(id, at(3)));
  const auto rows = shared->telemetry("");
  for (const auto& row : *rows) {
    EXPECT_EQ((row.key + row.value).find("alice"), std::string::npos);
    EXPECT_EQ((row.key + row.value).find(id), std::string::npos);
  }
}

TEST_F(SharedSessions, OneThatEndedOnANodeEndsOnTheOthersWithinSeconds) {
  const std::string id = a.sessions.open(named("alice"), at(1));
  ASSERT_TRUE(b.sessions.find(id, at(2)));
  a.sessions.close(id);
  EXPECT_FALSE(a.sessions.find(id, at(2)));
  EXPECT_FALSE(b.sessions.find(id, at(7)));
  const std::string second = a.sessions.open(named("alice"), at(10));
  const std::string other = b.sessions.open(named("bob"), at(10));
  ASSERT_TRUE(b.sessions.find(second, at(10)));
  b.sessions.close_all_of("alice");
  EXPECT_FALSE(a.sessions.find(second, at(16)));
  EXPECT_TRUE(a.sessions.find(other, at(16)));
}

TEST_F(SharedSessions, UseOnOneNodeKeepsItAliveOnTheOther) {
  const std::string id = a.sessions.open(named("alice"), at(0));
  for (std::int64_t second = 0; second < 3 * 1800; second += 600) {
    ASSERT_TRUE(b.sessions.find(id, at(second)));
  }
  EXPECT_TRUE(a.sessions.find(id, at(3 * 1800 - 1)));
  EXPECT_FALSE(a.sessions.find(id, at(12 * 3600))) << "in any case";
  EXPECT_TRUE(shared->telemetry(std::string(kSessionRows))->empty());
}

TEST_F(SharedSessions, MadeUpCookiesCostNoQuery) {
  const std::string id = a.sessions.open(named("alice"), at(1));
  int queries = 0;
  b.backend.fails = [&](std::string_view) { return ++queries > 0; };
  for (std::string wrong : {std::string(), std::string(65, 'A'), id + "A", id.substr(0, 43)}) {
    EXPECT_FALSE(b.sessions.find(wrong, at(2)));
  }
  std::string changed = id;
  changed[3] = changed[3] == 'x' ? 'y' : 'x';
  EXPECT_FALSE(b.sessions.find(changed, at(2)));
  EXPECT_EQ(queries, 0);
}

TEST_F(SharedSessions, WithoutTheDatabaseWhatIsKnownGoesOnAndALogoutIsMadeUpFor) {
  const std::string id = a.sessions.open(named("alice"), at(1));
  const std::string kept = a.sessions.open(named("alice"), at(1));
  ASSERT_TRUE(b.sessions.find(id, at(2)) && b.sessions.find(kept, at(2)));
  const auto down = [](std::string_view) { return true; };
  a.backend.fails = b.backend.fails = down;
  EXPECT_TRUE(b.sessions.find(kept, at(100)));
  a.sessions.close(id);
  EXPECT_FALSE(a.sessions.find(id, at(100)));
  a.sessions.tick();
  const std::string alone = a.sessions.open(named("bob"), at(100));
  EXPECT_TRUE(a.sessions.find(alone, at(103)));
  a.backend.fails = b.backend.fails = [](std::string_view) { return false; };
  EXPECT_FALSE(a.sessions.find(id, at(110))) << "its row still stands";
  a.sessions.tick();
  EXPECT_FALSE(b.sessions.find(id, at(110)));
  EXPECT_TRUE(b.sessions.find(kept, at(110)));
}

TEST_F(SharedSessions, AreBoundedOverAllNodes) {
  SessionOptions options;
  options.per_operator_max = 2;
  Node c(shared, options), d(shared, options);
  const std::string first = c.sessions.open(named("alice"), at(1));
  const std::string second = d.sessions.open(named("alice"), at(2));
  const std::string third = d.sessions.open(named("alice"), at(3));
  EXPECT_FALSE(c.sessions.find(first, at(10)));
  EXPECT_TRUE(c.sessions.find(second, at(10)));
  EXPECT_TRUE(c.sessions.find(third, at(10)));
}

TEST_F(SharedSessions, TheTokenAgainstOtherSitesIsTheSameOnEachNode) {
  Access here{AccessOptions{}}, there{AccessOptions{}}, alone{AccessOptions{}};
  here.share_sessions(std::make_unique<SessionRows>(a.backend, kSeed));
  there.share_sessions(std::make_unique<SessionRows>(b.backend, kSeed));
  Principal who = named("proxy:bob");
  who.by = Principal::By::kProxy;
  const http::Request request;
  EXPECT_EQ(here.csrf_token(request, who), there.csrf_token(request, who));
  EXPECT_NE(here.csrf_token(request, who), alone.csrf_token(request, who));
}

TEST(SharedThrottle, WrongTokensCountForAllNodesTogether) {
  const auto shared = store::make_memory_backend();
  const store::Notes notes(*shared, kSeed);
  LoginThrottle a(3), b(3);
  a.exchange(notes, "a", at(120));
  EXPECT_TRUE(shared->telemetry("")->empty()) << "without failures it costs nothing";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(a.failed("10.0.0.1", at(120)), 0);
  a.exchange(notes, "a", at(121));
  EXPECT_EQ(b.failed("10.0.0.1", at(122)), 0);
  b.exchange(notes, "b", at(122));
  EXPECT_GT(b.failed("10.0.0.1", at(123)), 0) << "the fourth";
  EXPECT_EQ(b.failed("10.0.0.2", at(123)), 0);
  a.exchange(notes, "a", at(126));
  EXPECT_GT(a.failed("10.0.0.1", at(127)), 0);
  EXPECT_EQ(a.failed("10.0.0.1", at(180)), 0) << "the next minute";
  a.exchange(notes, "a", at(181));
  EXPECT_EQ(a.failed("10.0.0.1", at(182)), 0) << "what was told of the minute before is over";
}

}  // namespace
}  // namespace sutler::admin
