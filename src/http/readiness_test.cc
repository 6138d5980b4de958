#include "http/readiness.h"

#include <gtest/gtest.h>

#include "http/test_support.h"

namespace sutler::http::test {
namespace {

using std::chrono::milliseconds;

// Idle connections stay longer than a test waits: what ends one here is that it was noticed.
Options patient() {
  Options options;
  options.timeouts.idle = milliseconds(10 * kPatienceMs);
  options.timeouts.header = milliseconds(10 * kPatienceMs);
  return options;
}

TEST(Readiness, AClientThatEndsWithItsRequestIsAnsweredAndLetGo) {
  const Served served(patient());
  for (int i = 0; i < 50; ++i) {
    Wire wire = served.connect();
    wire.send(get("/"));
    wire.done_sending();
    EXPECT_EQ(wire.answer().body, "hello");
    EXPECT_TRUE(wire.ends());
  }
}

TEST(Readiness, AnEndIsNoticedWhileNothingIsAsked) {
  Served served(patient());
  {
    std::vector<Wire> wires;
    for (int i = 0; i < 20; ++i) {
      wires.push_back(served.connect());
      if (i % 2 == 0) {
        EXPECT_EQ(wires.back().ask(get("/")).body, "hello");
      }
    }
    EXPECT_TRUE(eventually([&served] { return served.server().open_connections() == 20; }));
  }
  EXPECT_TRUE(eventually([&served] { return served.server().open_connections() == 0; }));
}

TEST(Readiness, ARequestInManySmallPiecesIsWhole) {
  const Served served(patient());
  Wire wire = served.connect();
  const std::string request = get("/later", "X-Long: " + std::string(6'000, 'x') + "\r\n");
  for (std::size_t i = 0; i < request.size(); i += 97) {
    wire.send(std::string_view(request).substr(i, 97));
  }
  EXPECT_EQ(wire.answer().body, "later");
  EXPECT_EQ(wire.ask(get("/")).body, "hello");
}

TEST(Readiness, AFloodOnOneConnectionIsAnsweredWholeAndBesideOthers) {
  const Served served(patient());
  Wire flooding = served.connect();
  std::string many;
  constexpr std::size_t kRequests = 20'000;
  for (std::size_t i = 0; i < kRequests; ++i) many += get("/");
  std::thread sender([&] { flooding.send(many); });
  Wire other = served.connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(other.ask(get("/later")).body, "later");
  std::size_t answered = 0;
  while (answered < kRequests && flooding.answer().status == 200) ++answered;
  sender.join();
  EXPECT_EQ(answered, kRequests);
}

TEST(Readiness, WhoIsRemovedIsToldNothingOfTheSameTurn) {
  boost::asio::io_context io;
  Readiness readiness(io);
  struct One final : Readiness::Watched {
    Readiness* all = nullptr;
    std::vector<One*> others;
    int told = 0;
    void on_ready(std::uint32_t) override {
      ++told;
      for (One* other : others) all->remove(*other);
    }
  };
  One a, b;
  a.all = b.all = &readiness;
  a.others = {&b};
  b.others = {&a};
  int one[2], two[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, one), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, two), 0);
  const base::FileDescriptor keep[] = {base::FileDescriptor(one[0]), base::FileDescriptor(one[1]),
                                       base::FileDescriptor(two[0]), base::FileDescriptor(two[1])};
  ASSERT_TRUE(readiness.watch_reading(one[0], a));
  ASSERT_TRUE(readiness.watch_reading(two[0], b));
  ASSERT_EQ(::send(one[1], "x", 1, 0), 1);
  ASSERT_EQ(::send(two[1], "x", 1, 0), 1);
  readiness.start([] {});
  io.run_one();
  EXPECT_EQ(a.told + b.told, 1);
}

TEST(Readiness, AgainIsTheNextTurn) {
  boost::asio::io_context io;
  Readiness readiness(io);
  struct One final : Readiness::Watched {
    Readiness* all = nullptr;
    int left = 3;
    void on_ready(std::uint32_t events) override {
      EXPECT_EQ(events, 0U);
      if (--left > 0) all->again(*this);
    }
  };
  One one;
  one.all = &readiness;
  readiness.again(one);
  for (int turn = 1; turn <= 3; ++turn) {
    io.run_one();
    EXPECT_EQ(one.left, 3 - turn);
  }
}

}  // namespace
}  // namespace sutler::http::test
