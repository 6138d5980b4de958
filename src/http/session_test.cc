#include "http/session.h"

#include <gtest/gtest.h>

#include "http/test_support.h"

namespace sutler::http::test {
namespace {

using std::chrono::milliseconds;

// Deadlines that a test can wait for.
Options hurried() {
  Options options;
  options.timeouts = {.header = milliseconds(300),
                      .body = milliseconds(300),
                      .idle = milliseconds(300),
                      .write = milliseconds(100),
                      .linger = milliseconds(300),
                      .drain_idle = milliseconds(300)};
  return options;
}

Listen with_body(std::size_t bytes_max) {
  return {.address = "127.0.0.1:0", .body_bytes_max = bytes_max};
}

TEST(Session, AnswersWithTheFieldsThatEveryAnswerHas) {
  const Served served;
  const Answer got = served.ask(get("/"));
  EXPECT_EQ(got.status, 200);
  EXPECT_TRUE(got.head.starts_with("HTTP/1.1 200 OK\r\n")) << got.head;
  EXPECT_EQ(got.body, "hello");
  EXPECT_TRUE(got.says("Content-Length: 5"));
  EXPECT_TRUE(got.says("Content-Type: text/plain"));
  EXPECT_TRUE(got.says("Cache-Control: no-store"));
  EXPECT_TRUE(got.says("X-Content-Type-Options: nosniff"));
  EXPECT_EQ(got.field("X-Request-Id").size(), 16U);
  EXPECT_TRUE(got.field("Date").ends_with(" GMT")) << got.head;
  EXPECT_EQ(got.field("Server"), "");
}

TEST(Session, AConnectionIsKeptForTheNextRequest) {
  const Served served;
  Wire wire = served.connect();
  const Answer first = wire.ask(get("/"));
  const Answer second = wire.ask(get("/later"));
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.field("Connection"), "");
  EXPECT_EQ(second.body, "later");
  EXPECT_NE(first.field("X-Request-Id"), second.field("X-Request-Id"));
}

// What is unread when the socket is closed makes the kernel reset the connection, and drop what it
// has not sent.
TEST(Session, AnAnswerThatEndsTheConnectionArrivesWhateverElseWasSent) {
  const Served served;
  for (const std::size_t head_bytes : {2047U, 2048U, 2049U, 4096U}) {  // the first is one buffer
    std::string head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Pad: ";
    head += std::string(head_bytes - head.size() - 4, 'x') + "\r\n\r\n";
    for (const std::string more : {"\r\n", "X", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
      Wire wire = served.connect();
      EXPECT_EQ(wire.ask(head + more).body, "hello") << head_bytes;
    }
  }
  for (int i = 0; i < 20; ++i) {
    Wire wire = served.connect();
    wire.send(get("/held", "Connection: close\r\n"));
    ASSERT_TRUE(eventually([&] { return served.times_seen("GET /held") == std::size_t(i) + 1; }));
    wire.send("\r\n");
    EXPECT_EQ(served.ask(get("/release")).status, 200);
    EXPECT_EQ(wire.answer().body, "released") << i;
  }
}

TEST(Session, HeadIsGetWithoutTheBody) {
  const Served served;
  for (const std::string path : {"/", "/secret", "/big?70000"}) {
    Wire wire = served.connect();
    const Answer whole = wire.ask(get(path));
    wire.send("HEAD " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const Answer head = wire.answer(Wire::Body::kNone);
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.field("Content-Length"), std::to_string(whole.body.size())) << path;
    EXPECT_EQ(wire.ask(get("/")).body, "hello") << path;  // nothing of a body came before it
  }
}

TEST(Session, PipelinedRequestsAreAnsweredInTheirOrder) {
  const Served served;
  Wire wire = served.connect();
  wire.send(get("/later") + get("/") + get("/secret") + get("/later") + get("/big?100000") +
            get("/"));
  for (const std::string expected : {"later", "hello", R"({"secrets":[]})", "later"}) {
    EXPECT_EQ(wire.answer().body, expected);
  }
  EXPECT_EQ(wire.answer().body.size(), 100'000U);
  EXPECT_EQ(wire.answer().body, "hello");
}

TEST(Session, Http10ClosesUnlessItIsAskedNotTo) {
  const Served served;
  Wire closing = served.connect();
  const Answer closed = closing.ask("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(closed.says("Connection: close"));
  EXPECT_TRUE(closing.ends());
  Wire keeping = served.connect();
  const Answer kept = keeping.ask("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  EXPECT_TRUE(kept.says("Connection: keep-alive"));
  EXPECT_EQ(keeping.ask(get("/")).status, 200);
}

TEST(Session, ClosesWhereTheRequestOrTheRoomSaysSo) {
  const Served served;
  for (const std::string& request : {get("/", "Connection: close\r\n"), get("/bye")}) {
    Wire wire = served.connect();
    // What follows is not answered.
    const Answer got = wire.ask(request + get("/never"));
    EXPECT_EQ(got.body, "hello");
    EXPECT_TRUE(got.says("Connection: close"));
    EXPECT_TRUE(wire.ends());
  }
  EXPECT_EQ(served.times_seen("GET /never"), 0U);
}

TEST(Session, AfterARefusalNothingMoreIsParsed) {
  const Served served;
  Wire wire = served.connect();
  const Answer got = wire.ask("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" +
                              get("/embedded"));
  EXPECT_EQ(got.status, 400);
  EXPECT_TRUE(got.says("Content-Type: application/problem+json"));
  EXPECT_TRUE(got.says("Connection: close"));
  wire.send(get("/embedded"));
  wire.done_sending();
  EXPECT_TRUE(wire.ends());
  EXPECT_EQ(served.seen(), std::vector<std::string>{"refused 127.0.0.1 400 transfer_encoding"});
}

TEST(Session, ARefusalInAPipelineComesAfterTheAnswersBeforeIt) {
  const Served served;
  Wire wire = served.connect();
  wire.send(get("/later") + "BAD\r\n\r\n" + get("/embedded"));
  EXPECT_EQ(wire.answer().body, "later");
  EXPECT_EQ(wire.answer().status, 400);
  wire.done_sending();
  EXPECT_TRUE(wire.ends());
  EXPECT_EQ(served.times_seen("GET /embedded"), 0U);
}

TEST(Session, ARefusalReachesAClientThatIsStillSending) {
  const Served served;
  Wire wire = served.connect();
  wire.send(post("/echo", std::string(200'000, 'x')));
  EXPECT_EQ(wire.answer().status, 413);
  wire.done_sending();
  EXPECT_TRUE(wire.ends());
  EXPECT_FALSE(wire.was_reset());
}

TEST(Session, LingeringEndsByTimeAndByBytes) {
  const Served served(hurried());
  Wire waiting = served.connect();
  EXPECT_EQ(waiting.ask("BAD\r\n\r\n").status, 400);
  EXPECT_TRUE(waiting.ends());
  EXPECT_TRUE(
      eventually([&] { return served.times_seen("refused 127.0.0.1 400 bad_request_line") == 1; }));
  Wire flooding = served.connect();
  flooding.send("BAD\r\n\r\n" + std::string(8 * 1024 * 1024, 'x'));
  EXPECT_EQ(flooding.answer().status, 400);
}

TEST(Session, AHeaderMustArriveInItsTime) {
  const Served served(hurried());
  Wire silent = served.connect();
  EXPECT_TRUE(silent.ends());
  Wire slow = served.connect();
  const auto start = std::chrono::steady_clock::now();
  slow.send("GET / HTTP/1.1\r\nHost: a\r\n");
  EXPECT_TRUE(slow.ends());
  EXPECT_GE(std::chrono::steady_clock::now() - start, milliseconds(250));
  EXPECT_EQ(served.seen().size(), 0U);
}

TEST(Session, MoreBytesDoNotMoveADeadline) {
  const Served served(hurried());
  Wire wire = served.connect();
  wire.send("GET / HTTP/1.1\r\nHost: a\r\n");
  std::atomic<bool> over{false};
  std::thread dripping([&] {
    while (!over) {
      wire.send("X: 1\r\n");
      (void)eventually([start = std::chrono::steady_clock::now()] {
        return std::chrono::steady_clock::now() - start > milliseconds(50);
      });
    }
  });
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually([&] { return served.open_connections() == 0; }));
  over = true;
  dripping.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, milliseconds(5000));
}

TEST(Session, AnIdleConnectionIsClosedAndAnActiveOneIsNot) {
  const Served served(hurried());
  Wire wire = served.connect();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(wire.ask(get("/")).status, 200);
  EXPECT_TRUE(wire.ends());
  EXPECT_TRUE(eventually([&] { return served.open_connections() == 0; }));
}

TEST(Session, ABodyMustArriveInItsTime) {
  const Served served(hurried(), with_body(1000));
  Wire wire = served.connect();
  wire.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n12345");
  EXPECT_TRUE(wire.ends());
  EXPECT_EQ(served.seen().size(), 0U);
}

TEST(Session, AClientThatDoesNotReadIsCutOff) {
  const TempFolder folder;
  const Served served(hurried(), {.address = "unix:" + (folder.path() / "s").string()});
  Wire wire = served.connect();
  // More than the socket takes; the write deadline grows by a second per 64 KiB.
  wire.send(get("/big?300000"));
  EXPECT_TRUE(eventually([&] { return served.times_seen("GET /big") == 1; }));
  EXPECT_TRUE(eventually([&] { return served.open_connections() == 0; }));
  EXPECT_LT(wire.rest().size(), 300'000U);
}

TEST(Session, ABodyIsHandedOverWholeHoweverItArrives) {
  const Served served({}, with_body(1'000'000));
  const std::string large(900'000, 'y');
  Wire wire = served.connect();
  EXPECT_EQ(wire.ask(post("/echo", "one")).body, "one");
  EXPECT_EQ(wire.ask(post("/echo", large)).body, large);
  EXPECT_EQ(wire.ask(post("/echo", "")).body, "");
  const std::string pieces = post("/echo", "in pieces") + post("/echo", "two") + get("/");
  for (const char c : pieces) wire.send({&c, 1});
  EXPECT_EQ(wire.answer().body, "in pieces");
  EXPECT_EQ(wire.answer().body, "two");
  EXPECT_EQ(wire.answer().body, "hello");
  EXPECT_EQ(served.ask(post("/echo", std::string(1'000'001, 'y'))).status, 413);
}

TEST(Session, AClientThatWaitsToSendItsBodyIsToldToGoOn) {
  const Served served({}, with_body(1000));
  Wire waiting = served.connect();
  const std::string expecting = "Expect: 100-continue\r\n";
  waiting.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n" + expecting + "\r\n");
  EXPECT_EQ(waiting.answer().status, 100);
  EXPECT_EQ(waiting.ask("body").body, "body");
  Wire eager = served.connect();
  EXPECT_EQ(eager.ask(post("/echo", "body", expecting)).status, 200);
  Wire refused = served.connect();
  refused.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n" + expecting + "\r\n");
  EXPECT_EQ(refused.answer().status, 413);
}

TEST(Session, ARoomMayRefuseBeforeTheBodyIsWaitedFor) {
  const Served served({}, with_body(10'000'000));
  Wire wire = served.connect();
  const std::string head = "POST /guarded HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n";
  const Answer got = wire.ask(head + "\r\n");  // of the body no byte was sent
  EXPECT_EQ(got.status, 401);
  EXPECT_TRUE(got.says("Connection: close"));
  wire.send(get("/embedded"));
  wire.done_sending();
  EXPECT_TRUE(wire.ends());
  // It is not asked to send what nobody wants, and gets its answer while it sends.
  EXPECT_EQ(served.ask(head + "Expect: 100-continue\r\n\r\n").status, 401);
  Wire sending = served.connect();
  sending.send(post("/guarded", std::string(200'000, 'x')));
  EXPECT_EQ(sending.answer().status, 401);
  EXPECT_EQ(served.ask(post("/guarded", "")).body, "hello");  // no body: the room sees it itself
  EXPECT_EQ(served.times_seen("guarded 0"), 3U);
  EXPECT_EQ(served.times_seen("POST /guarded"), 1U);
  EXPECT_EQ(served.times_seen("GET /embedded"), 0U);
}

TEST(Session, AReplyThatDiesClosesTheConnection) {
  const Served served;
  for (const std::string path : {"/drop", "/refuse-secret"}) {
    Wire wire = served.connect();
    wire.send(get(path));
    EXPECT_TRUE(wire.ends()) << path;
  }
  EXPECT_EQ(served.ask(get("/secret")).body, R"({"secrets":[]})");
  EXPECT_TRUE(eventually([&] { return served.ask(get("/")).status == 200; }));
}

TEST(Session, AReplyMayComeLongAfterItsRequest) {
  Served served(hurried());
  Wire wire = served.connect();
  wire.send(get("/held"));
  ASSERT_TRUE(eventually([&] { return served.times_seen("GET /held") == 1; }));
  // No deadline runs while a room has the request: longer than all of them.
  Wire idle = served.connect();
  EXPECT_TRUE(idle.ends());
  EXPECT_EQ(served.ask(get("/release")).status, 200);
  EXPECT_EQ(wire.answer().body, "released");
}

TEST(Session, AClientThatLeavesBeforeItsAnswerHarmsNobody) {
  const Served served;
  {
    const Wire wire = served.connect();
    wire.send(get("/held"));
    ASSERT_TRUE(eventually([&] { return served.times_seen("GET /held") == 1; }));
  }
  EXPECT_EQ(served.ask(get("/release")).status, 200);
  EXPECT_TRUE(eventually([&] { return served.ask(get("/")).status == 200; }));
}

TEST(Session, RequestsThatArriveTogetherShareATurn) {
  Served served;
  Wire blocking = served.connect();
  std::vector<Wire> others;
  for (int i = 0; i < 3; ++i) others.push_back(served.connect());
  for (auto& other : others) ASSERT_EQ(other.ask(get("/")).status, 200);
  blocking.send(get("/block"));
  ASSERT_TRUE(eventually([&] { return served.times_seen("GET /block") == 1; }));
  for (auto& other : others) other.send(get("/later"));
  served.open_gate();
  for (auto& other : others) EXPECT_EQ(other.answer().body, "later");
  EXPECT_EQ(blocking.answer().status, 200);
  EXPECT_EQ(served.times_seen("turn 3"), 1U);
  EXPECT_EQ(others[0].ask(get("/later")).body, "later");
  EXPECT_EQ(served.times_seen("turn 1"), 1U);
}

}  // namespace
}  // namespace sutler::http::test
