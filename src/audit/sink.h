// Where records go beside the file: the standard output, a syslog.
//
// Each sink has a thread and a queue of its own, so that a slow one makes nobody wait. It gets all
// lines in their order, checkpoints too. One that takes nothing for a while has failed: what waits
// for it is dropped and counted (its reader sees the gap in `seq`), and it is tried again.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/result.h"

namespace sutler::audit {

// One place that takes lines. Used by one thread.
class Sink {
 public:
  virtual ~Sink() = default;
  // Hands over one line (with its newline) or fails within `limit`. What was handed over in part
  // is begun anew at the next call.
  [[nodiscard]] virtual base::Result<void> write(std::string_view line,
                                                 std::chrono::milliseconds limit) = 0;
};

// `stdout`, `syslog` (the datagram socket /dev/log), `syslog:PATH` (another one),
// `syslog+udp:HOST:PORT` or `syslog+tcp:HOST:PORT` (numeric addresses; octet counting, RFC 6587).
// The messages are RFC 5424. kInvalid: anything else.
[[nodiscard]] base::Result<std::unique_ptr<Sink>> make_sink(const std::string& spec);
[[nodiscard]] base::Result<std::unique_ptr<Sink>> make_syslog_sink(const std::string& spec);

struct SinkStats {
  std::string name;  // the spec
  bool works = true;
  std::uint64_t taken_seq = 0;
  std::uint64_t dropped = 0;   // lines, since the start
  std::uint64_t failures = 0;  // times that it failed
  std::uint64_t waiting = 0;   // lines in the queue
};

// Thread-safe.
class SinkQueue {
 public:
  struct Limits {
    std::chrono::milliseconds timeout{2000};  // for one line; then the sink has failed
    std::chrono::milliseconds pause{1000};    // until it is tried again
    std::size_t bytes_max = 8 * 1024 * 1024;  // that wait
  };
  SinkQueue(std::string name, std::unique_ptr<Sink> sink, Limits limits);
  ~SinkQueue();  // gives all that waits one time-out together to go out

  // Whole lines, of which the last is `last_seq`. Never waits.
  void push(std::string_view lines, std::uint64_t last_seq);
  // Whether the sink takes that line by then.
  [[nodiscard]] bool wait_for(std::uint64_t seq, std::chrono::steady_clock::time_point until);
  [[nodiscard]] SinkStats stats() const;

 private:
  struct Line {
    std::string text;
    std::uint64_t seq;
  };
  void run();
  void report(const base::Result<void>& result);
  void drop_all();

  const std::string name_;
  const std::unique_ptr<Sink> sink_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable news_, taken_;
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  SinkStats stats_;
  std::uint64_t lost_seq_ = 0;  // the last line that was dropped; those before it are not sure
  bool stop_ = false;
  std::chrono::steady_clock::time_point end_;  // when stop_: what is not out by then is dropped
  std::thread thread_;
};

}  // namespace sutler::audit
