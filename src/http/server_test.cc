#include "http/server.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "http/test_support.h"

namespace sutler::http::test {
namespace {

using std::chrono::milliseconds;

base::Result<std::size_t> try_listen(Server& server, const std::string& address) {
  return server.listen({.address = address, .make_handler = [] {
                          return std::make_shared<PathHandler>(std::make_shared<Seen>(),
                                                               std::shared_future<void>());
                        }});
}

TEST(Server, SaysWhatIsWrongWithAnAddress) {
  Server server({});
  for (const char* wrong :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
        "example.org:80", "[::1:80", "::1:80", ":80", "256.0.0.1:80", "127.0.0.1:80 "}) {
    const auto bound = try_listen(server, wrong);
    ASSERT_FALSE(bound) << wrong;
    EXPECT_EQ(bound.error().code, base::Code::kInvalid) << wrong;
    EXPECT_TRUE(bound.error().message.contains(wrong)) << bound.error().message;
    EXPECT_FALSE(bound.error().hint.empty());
  }
  const auto bound = try_listen(server, "unix:/" + std::string(200, 'a'));
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, base::Code::kInvalid);
}

TEST(Server, BindsEachFamilyAndTellsTheRealPort) {
  Server server({});
  for (const std::string address : {"127.0.0.1:0", "localhost:0", "[::1]:0"}) {
    const auto bound = try_listen(server, address);
    ASSERT_TRUE(bound) << bound.error().message;
    const std::string real = server.bound_address(*bound);
    EXPECT_FALSE(real.ends_with(":0")) << real;
    EXPECT_EQ(real.starts_with("[::1]:"), address.starts_with("[")) << real;
  }
}

TEST(Server, AnAddressOfSomebodyElseIsAConflict) {
  const base::FileDescriptor other(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(other.get(), reinterpret_cast<sockaddr*>(&any), sizeof any), 0);
  ASSERT_EQ(::listen(other.get(), 1), 0);
  socklen_t size = sizeof any;
  ::getsockname(other.get(), reinterpret_cast<sockaddr*>(&any), &size);
  Server server({});
  const auto bound = try_listen(server, "127.0.0.1:" + std::to_string(ntohs(any.sin_port)));
  ASSERT_FALSE(bound);
  EXPECT_EQ(bound.error().code, base::Code::kConflict);
}

TEST(Server, AnAddressOfAnotherServerIsAConflictToo) {
  const Served first;
  Server second({});
  const auto bound = try_listen(second, first.address());
  ASSERT_FALSE(bound) << "two servers share " << first.address();
  EXPECT_EQ(bound.error().code, base::Code::kConflict);
}

TEST(Server, AUnixSocketIsPrivateAndReplacesAnOldOne) {
  const TempFolder folder;
  const auto path = folder.path() / "s";
  {
    const Served old({}, {.address = "unix:" + path.string()});
  }
  const Served served({}, {.address = "unix:" + path.string()});
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0600U);
  EXPECT_EQ(served.ask(get("/who")).body, "unix " + std::to_string(::geteuid()));
}

TEST(Server, APeerOnTcpHasAnAddressAndNoUser) {
  const Served served;
  EXPECT_EQ(served.ask(get("/who")).body, "127.0.0.1 -1");
}

TEST(Server, SeveralThreadsServeOneAddress) {
  Options options;
  options.threads = 3;
  const Served served(options);
  std::vector<Wire> wires;
  for (int i = 0; i < 30; ++i) wires.push_back(served.connect());
  for (auto& wire : wires) EXPECT_EQ(wire.ask(get("/later")).body, "later");
  EXPECT_EQ(served.times_seen("GET /later"), 30U);
}

TEST(Server, AConnectionTooManyIsTurnedAwayUntilAnotherLeaves) {
  Options options;
  options.limits.connections_max = 1;
  const Served served(options);
  {
    Wire first = served.connect();
    ASSERT_EQ(first.ask(get("/")).status, 200);
    Wire second = served.connect();
    const Answer away = second.answer();
    EXPECT_EQ(away.status, 503);
    EXPECT_TRUE(away.says("Retry-After: 1"));
    EXPECT_TRUE(away.says("Connection: close"));
    EXPECT_EQ(first.ask(get("/")).status, 200);
  }
  EXPECT_TRUE(eventually([&] { return served.ask(get("/")).status == 200; }));
}

TEST(Server, OneClientMayNotHaveAllConnections) {
  Options options;
  options.limits.connections_per_client_max = 2;
  const Served served(options);
  Wire first = served.connect(), second = served.connect(), third = served.connect();
  EXPECT_EQ(first.ask(get("/")).status, 200);
  EXPECT_EQ(second.ask(get("/")).status, 200);
  EXPECT_EQ(third.answer().status, 503);
}

TEST(Server, ALoopTakesNoMoreThanItsShareOfTheOpenFiles) {
  Options options;
  options.limits.files_max = 48;
  Served served(options);
  Wire first = served.connect();
  first.send("GET / HTTP/1.1\r\n");
  Wire early = served.connect();
  ASSERT_EQ(early.ask(get("/")).status, 200);
  std::vector<Wire> held;
  for (int i = 0; i < 60; ++i) {
    held.push_back(served.connect());
    held.back().send("GET / HTTP/1.1\r\n");
    EXPECT_EQ(early.ask(get("/")).status, 200) << "it does not wait: " << i;
  }
  EXPECT_TRUE(first.ends() || first.was_reset()) << "the one that waited longest";
  EXPECT_EQ(served.ask(get("/")).status, 200);
  EXPECT_LE(served.open_connections(), 48U);
  EXPECT_GT(served.server().counts().exhausted, 0U);
  held.back().send("Host: localhost\r\n\r\n");
  EXPECT_EQ(held.back().answer().status, 200) << "the youngest was spared";
}

TEST(Server, WhoHasEndedMakesRoomBeforeWhoWaits) {
  Options options;
  options.limits.files_max = 4;
  Served served(options);
  std::vector<Wire> idle;
  for (int i = 0; i < 3; ++i) {
    idle.push_back(served.connect());
    ASSERT_EQ(idle.back().ask(get("/")).status, 200);
  }
  for (int i = 0; i < 300; ++i) ASSERT_EQ(served.ask(get("/")).status, 200) << i;
  for (auto& wire : idle) EXPECT_EQ(wire.ask(get("/")).status, 200) << "there was room for all";
  EXPECT_EQ(served.server().counts().exhausted, 0U);
}

TEST(Server, RequestsInFlightAreLimited) {
  Options options;
  options.limits.in_flight_max = 1;
  const Served served(options);
  Wire held = served.connect();
  held.send(get("/held"));
  ASSERT_TRUE(eventually([&] { return served.times_seen("GET /held") == 1; }));
  Wire other = served.connect();
  const Answer busy = other.ask(get("/"));
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.says("Retry-After: 1"));
  EXPECT_TRUE(busy.body.contains(R"("code":"busy")")) << busy.body;
  EXPECT_EQ(served.times_seen("GET /"), 0U);
  EXPECT_EQ(served.ask("BAD\r\n\r\n").status, 400);
  EXPECT_EQ(held.answer().body, "released");
  EXPECT_EQ(other.ask(get("/")).status, 200);
}

TEST(Server, ABusyAnswerCountsNothingTwice) {
  Options options;
  options.limits.in_flight_max = 1;
  const Served served(options);
  {
    Wire held = served.connect();
    held.send(get("/held"));
    ASSERT_TRUE(eventually([&] { return served.times_seen("GET /held") == 1; }));
    Wire other = served.connect();
    for (int i = 0; i < 5; ++i) EXPECT_EQ(other.ask(get("/")).status, 503);
    EXPECT_EQ(served.ask("BAD\r\n\r\n").status, 400);
    EXPECT_EQ(held.answer().body, "released");
    EXPECT_EQ(other.ask(get("/")).status, 200);
  }
  // /drop and /refuse-secret end without an answer, and give their place back.
  const Served fresh(options);
  for (int i = 0; i < 3; ++i) {
    for (const std::string path : {"/drop", "/refuse-secret"}) {
      Wire wire = fresh.connect();
      wire.send(get(path));
      EXPECT_TRUE(wire.ends());
    }
  }
  EXPECT_EQ(fresh.ask(get("/")).status, 200);
}

TEST(Server, ADrainFinishesWhatIsOnItsWayAndTakesNothingNew) {
  Options options;
  options.timeouts.drain_idle = milliseconds(300);
  Served served(options);
  const std::string address = served.address();
  Wire idle = served.connect(), blocked = served.connect(), half = served.connect();
  ASSERT_EQ(idle.ask(get("/")).status, 200);
  half.send("GET / HTTP/1.1\r\nHost: a\r\n");
  blocked.send(get("/block"));
  ASSERT_TRUE(eventually([&] { return served.times_seen("GET /block") == 1; }));
  std::thread draining([&] { served.server().drain(std::chrono::seconds(10)); });
  served.open_gate();
  const Answer last = blocked.answer();
  EXPECT_EQ(last.status, 200);
  EXPECT_TRUE(eventually([&] { return !Wire(address).connected(); }));
  const Answer late = half.ask("\r\n");
  EXPECT_EQ(late.status, 200);
  EXPECT_TRUE(late.says("Connection: close"));
  EXPECT_TRUE(idle.ends());
  EXPECT_TRUE(half.ends());
  EXPECT_TRUE(blocked.ends());
  draining.join();
  EXPECT_EQ(served.open_connections(), 0U);
}

TEST(Server, ADrainHasAnEndWhateverClientsDo) {
  Options options;
  options.timeouts.drain_idle = std::chrono::seconds(60);
  Served served(options);
  Wire idle = served.connect();
  ASSERT_EQ(idle.ask(get("/")).status, 200);
  const auto start = std::chrono::steady_clock::now();
  served.server().drain(milliseconds(200));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  EXPECT_EQ(served.open_connections(), 1U);
}

TEST(Server, ADrainIsGivenUpWhenSomebodySaysSo) {
  Options options;
  options.timeouts.drain_idle = std::chrono::seconds(60);
  Served served(options);
  Wire idle = served.connect();
  ASSERT_EQ(idle.ask(get("/")).status, 200);
  int asked = 0;
  EXPECT_FALSE(served.server().drain(std::chrono::hours(1), [&] { return ++asked == 3; }));
  EXPECT_EQ(asked, 3);
  EXPECT_EQ(served.open_connections(), 1U);
}

TEST(Server, AnUnansweredReplyKeepsNothingAliveAfterTheEnd) {
  const auto seen = std::make_shared<Seen>();
  {
    Server server({});
    ASSERT_TRUE(server.listen({.address = "127.0.0.1:0", .make_handler = [&] {
                                 return std::make_shared<PathHandler>(seen,
                                                                      std::shared_future<void>());
                               }}));
    server.start();
    const Wire held(server.bound_address(0));
    held.send(get("/held"));
    ASSERT_TRUE(eventually([&] { return seen->all().size() == 1; }));
  }
  EXPECT_EQ(seen.use_count(), 1);  // the handler is gone, and with it the Reply and its session
}

TEST(Server, MayEndWithConnectionsInEveryState) {
  std::vector<Wire> wires;
  {
    const Served served({}, {.address = "127.0.0.1:0", .body_bytes_max = 100});
    for (int i = 0; i < 5; ++i) wires.push_back(served.connect());
    EXPECT_EQ(wires[0].ask(get("/")).status, 200);
    wires[1].send("GET /");
    wires[2].send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n1");
    wires[3].send(get("/big?50000000"));
    EXPECT_EQ(wires[4].ask("BAD\r\n\r\n").status, 400);
    ASSERT_TRUE(eventually([&] { return served.times_seen("GET /big") == 1; }));
  }
  EXPECT_EQ(wires[0].answer().status, 0);
}

}  // namespace
}  // namespace sutler::http::test
