// Sinks beside the file: order, formats, a stuck one, and a file that fails.
#include "audit/sink.h"

#include <gtest/gtest.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <atomic>
#include <future>

#include <condition_variable>

#include "audit/log_test_support.h"
#include "base/file.h"

namespace sutler::audit {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Remembers what it took; may be made to hang as long as its time-out allows, or to fail.
class TestSink final : public Sink {
 public:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> lines;
    bool hangs = false;
  };
  explicit TestSink(std::shared_ptr<State> state) : state_(std::move(state)) {}
  base::Result<void> write(std::string_view line, milliseconds limit) override {
    std::unique_lock lock(state_->mutex);
    const bool free = state_->changed.wait_for(lock, limit, [this] { return !state_->hangs; });
    if (!free) return base::fail(base::Code::kUnreachable, "it hangs");
    state_->lines.emplace_back(line);
    return {};
  }

 private:
  std::shared_ptr<State> state_;
};

struct Queue {
  explicit Queue(SinkQueue::Limits limits = {})
      : state(std::make_shared<TestSink::State>()),
        queue("test", std::make_unique<TestSink>(state), limits) {}
  [[nodiscard]] bool takes(std::uint64_t seq, milliseconds limit = milliseconds(20'000)) {
    return queue.wait_for(seq, steady_clock::now() + limit);
  }
  void hang(bool hangs) {
    const std::lock_guard lock(state->mutex);
    state->hangs = hangs;
    state->changed.notify_all();
  }
  std::shared_ptr<TestSink::State> state;
  SinkQueue queue;
};

TEST(SinkQueueTest, GivesAllLinesInTheirOrder) {
  Queue one;
  one.queue.push("a\nb\n", 2);
  one.queue.push("c\n", 3);
  ASSERT_TRUE(one.takes(3));
  EXPECT_EQ(one.state->lines, (std::vector<std::string>{"a\n", "b\n", "c\n"}));
}

TEST(SinkQueueTest, AStuckSinkHasFailedAfterItsTimeoutAndNobodyWaitsForIt) {
  Queue one({.timeout = milliseconds(1), .pause = milliseconds(1)});
  one.hang(true);
  one.queue.push("a\n", 1);
  EXPECT_FALSE(one.takes(1, milliseconds(50)));
  one.hang(false);
  one.queue.push("b\n", 2);
  ASSERT_TRUE(one.takes(2));
  EXPECT_FALSE(one.takes(1, milliseconds(1)));  // it went lost, though a later one was taken
  EXPECT_GE(one.queue.stats().dropped, 1u);
  EXPECT_TRUE(one.queue.stats().works);
}

TEST(SinkQueueTest, HoldsOnlySoMuch) {
  Queue one({.timeout = milliseconds(20'000), .bytes_max = 4});
  one.hang(true);
  for (std::uint64_t seq = 1; seq <= 10; ++seq) one.queue.push("ab\n", seq);
  EXPECT_LE(one.queue.stats().waiting, 1u);
  one.hang(false);
}

TEST(SinkSpecTest, TakesTheKnownFormsOnly) {
  for (const auto* good : {"stdout", "syslog", "syslog:/run/log.sock", "syslog+udp:127.0.0.1:514",
                           "syslog+tcp:[::1]:601"}) {
    EXPECT_TRUE(make_sink(good)) << good;
  }
  for (const auto* bad : {"", "stderr", "syslog:relative", "syslog+udp:host.example:514",
                          "syslog+tcp:127.0.0.1", "file:/tmp/x"}) {
    EXPECT_FALSE(make_sink(bad)) << bad;
  }
}

// Takes every line, each in three quarters of what it may take.
class SlowSink final : public Sink {
 public:
  explicit SlowSink(std::atomic<int>& lines) : lines_(lines) {}
  base::Result<void> write(std::string_view, milliseconds limit) override {
    (void)never_.get_future().wait_for(limit * 3 / 4);
    never_ = {};
    ++lines_;
    return {};
  }

 private:
  std::atomic<int>& lines_;
  std::promise<void> never_;
};

TEST(SinkQueue, ASlowSinkHoldsUpTheEndForOneTimeOutAndNotForOneALine) {
  std::atomic<int> taken = 0;
  const auto start = std::chrono::steady_clock::now();
  {
    SinkQueue queue("slow", std::make_unique<SlowSink>(taken), {.timeout = milliseconds(400)});
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "{}\n";
    queue.push(lines, 200);
  }
  // One time-out a line would be a minute.
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

class SinkLogTest : public testing::LogTest {
 protected:
  SinkLogTest() {
    path_ = (root_ / "syslog").string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    server_ = base::FileDescriptor(::socket(AF_UNIX, SOCK_DGRAM, 0));
    const timeval limit{20, 0};
    (void)::setsockopt(server_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    EXPECT_EQ(::bind(server_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    options_.sinks = {"syslog:" + path_};
    options_.sink_timeout = milliseconds(5000);
  }
  std::string receive() {
    std::string out(64 * 1024, '\0');
    const ssize_t got = ::recv(server_.get(), out.data(), out.size(), 0);
    out.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return out;
  }
  std::string path_;
  base::FileDescriptor server_;
};

TEST_F(SinkLogTest, SyslogGetsEachLineAsRfc5424AndTheCheckpointsToo) {
  make_log(1);
  const std::string first = receive();
  EXPECT_TRUE(first.starts_with("<86>1 2027-01-15T08:00:00.000000Z ")) << first;
  EXPECT_NE(first.find(" sutler "), std::string::npos);
  EXPECT_NE(first.find(" fetch - {\"seq\":1,"), std::string::npos) << first;
  EXPECT_EQ(first.find('\n'), std::string::npos);
  EXPECT_NE(receive().find(" checkpoint - {\"seq\":2,"), std::string::npos);
}

TEST_F(SinkLogTest, WhileTheFileFailsASinkThatTakesTheRecordIsEnoughAndTheFileCatchesUp) {
  options_.checkpoint_every = milliseconds(1);
  ASSERT_TRUE(open());
  ASSERT_TRUE(append(fetch("before")));
  // The folder goes: neither the file nor a new one can be written.
  const auto away = root_ / "away";
  std::filesystem::rename(options_.folder, away);
  write(root_ / "audit", "a file in its place");
  while (log_->stats().works) (void)append(fetch("unnoticed"), Durability::kSynced);
  ASSERT_TRUE(append(fetch("beside"))) << "the syslog took it";
  std::string got;
  while (got.find("\"beside\"") == std::string::npos) {
    got = receive();
    ASSERT_FALSE(got.empty());
  }
  std::filesystem::remove(root_ / "audit");
  std::filesystem::rename(away, options_.folder);
  close();
  EXPECT_EQ(verdict(), "ok");
  EXPECT_NE(read(current()).find("\"beside\""), std::string::npos);
}

}  // namespace
}  // namespace sutler::audit
