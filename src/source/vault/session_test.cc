// Logins and renewals while many read: one login at a time, and nobody gets a token that is not
// good. It is for ThreadSanitizer as much as for what it expects.
#include "source/vault/session.h"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <thread>

#include "source/vault/test_support.h"

namespace sutler::source {
namespace {

using namespace std::chrono_literals;
using test::SmallAnswer;

// The login of a Vault whose tokens live for two seconds.
class Logins {
 public:
  SmallAnswer answer(const std::string& path) {
    if (path.ends_with("/login")) return log_in();
    if (!path.ends_with("/renew-self")) return {404, R"({"errors":[]})"};
    ++renewals;
    if (renewals_fail) return {500, R"({"errors":["scripted"]})"};
    return {200, R"({"auth":{"client_token":"","lease_duration":2,"renewable":true}})"};
  }

  std::atomic<int> logins{0}, renewals{0}, most_at_once{0};
  std::atomic<bool> renewals_fail{false};

 private:
  SmallAnswer log_in() {
    const int now = ++at_once_;
    for (int most = most_at_once; now > most && !most_at_once.compare_exchange_weak(most, now);) {
    }
    const int number = ++logins;
    --at_once_;
    return {200, R"({"auth":{"client_token":"t)" + std::to_string(number) +
                     R"(","lease_duration":2,"renewable":true}})"};
  }
  std::atomic<int> at_once_{0};
};

class SessionTest : public ::testing::Test {
 protected:
  SessionTest() {
    config_.name = "vault";
    config_.address = server_.url();
    config_.auth = VaultAuth::kAppRole;
    config_.role_id = credential_inline(base::Secret("role"));
    config_.secret_id = credential_inline(base::Secret("secret"));
  }
  static Deadline soon() { return std::chrono::steady_clock::now() + 60s; }

  Logins logins_;
  test::SmallServer server_{[this](const std::string& path) { return logins_.answer(path); }};
  VaultConfig config_;
  VaultApi api_{config_};
};

TEST_F(SessionTest, ReadersRenewalsAndTokensThatAreNotTakenMeetWithoutHarm) {
  VaultSession session(config_, api_);
  std::array<std::thread, 8> readers;
  std::atomic<int> refused{0};
  for (std::size_t i = 0; i < readers.size(); ++i) {
    readers[i] = std::thread([&, i] {
      for (int round = 0; logins_.renewals < 3; ++round) {
        const auto token = session.token(soon());
        if (!token || !(*token)->token.expose().starts_with('t')) {
          ++refused;
          return;
        }
        // One of them finds, now and then and only at first, that its token is not taken.
        if (i == 0 && round % 50 == 0 && logins_.logins < 10) session.renounce(*token);
        std::this_thread::yield();
      }
    });
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(logins_.most_at_once, 1);
  EXPECT_GE(logins_.logins, 2);
}

TEST_F(SessionTest, WhoeverFindsTheSameTokenBadWaitsForOneLogin) {
  VaultSession session(config_, api_);
  const auto first = session.token(soon());
  ASSERT_TRUE(first);
  std::array<std::thread, 16> readers;
  std::array<std::string, 16> got;
  for (std::size_t i = 0; i < readers.size(); ++i) {
    readers[i] = std::thread([&, i] {
      session.renounce(*first);
      const auto token = session.token(soon());
      if (token) got[i] = (*token)->token.expose();
    });
  }
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(std::set<std::string>(got.begin(), got.end()), std::set<std::string>{"t2"});
  EXPECT_EQ(logins_.logins, 2);
}

TEST_F(SessionTest, ATokenWhoseRenewalsFailServesToItsEndAndIsFollowedByALogin) {
  logins_.renewals_fail = true;
  VaultSession session(config_, api_);
  const auto first = session.token(soon());
  ASSERT_TRUE(first && (*first)->ends);
  while (session.token(soon()).value() == *first) std::this_thread::yield();
  EXPECT_GE(std::chrono::steady_clock::now(), *(*first)->ends);
  EXPECT_EQ(logins_.logins, 2);
  EXPECT_GE(logins_.renewals, 1);
}

}  // namespace
}  // namespace sutler::source
