#include "server/signals.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <thread>

namespace sutler::server {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kLong{60'000};

class SignalsTaken : public testing::Test {
 protected:
  static void send(int signal) { ::kill(::getpid(), signal); }
  void await_haste() const {
    while (!*ending) std::this_thread::yield();
  }

  std::shared_ptr<std::atomic<bool>> ending = std::make_shared<std::atomic<bool>>(false);
  Signals signals{ending};
};

TEST_F(SignalsTaken, OneAfterTheOtherAndNothingWhereNoneCame) {
  EXPECT_EQ(signals.wait(milliseconds(0)), 0);
  send(SIGHUP);
  EXPECT_EQ(signals.wait(kLong), SIGHUP);
  EXPECT_FALSE(signals.asked_to_end());
  EXPECT_FALSE(*ending);
}

TEST_F(SignalsTaken, WhileItStartsTheEndIsToldToAllThatWait) {
  send(SIGTERM);
  await_haste();
  EXPECT_TRUE(signals.asked_to_end());
  EXPECT_EQ(signals.wait(kLong), SIGTERM);
}

TEST_F(SignalsTaken, WhileItServesOnlyWhereNobodyTakesTheSignal) {
  signals.serving();
  send(SIGTERM);
  EXPECT_EQ(signals.wait(kLong), SIGTERM);
  // Whoever took it ends the process in his own order: the next signal is looked at after that.
  send(SIGINT);
  EXPECT_EQ(signals.wait(kLong), SIGINT);
  EXPECT_FALSE(*ending);
}

TEST_F(SignalsTaken, WhoWaitsForSomethingElseIsHurriedAfterASecond) {
  signals.serving();
  send(SIGINT);
  await_haste();
  EXPECT_TRUE(signals.asked_to_end());
}

}  // namespace
}  // namespace sutler::server
