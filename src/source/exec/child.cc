#include "source/exec/child.h"

#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <mutex>
#include <optional>

#include "base/wipe.h"
#include "source/exec/spawn.h"

namespace sutler::source {
namespace {

using base::FileDescriptor;
using std::chrono::milliseconds;

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kTickMs = 10;             // without pidfd_open(2)
constexpr milliseconds kDyingMax{500};  // what was killed is gone by then, or hangs in the kernel

// Killed children that would not go in time (a file system that hangs): reaped later.
class Lingering {
 public:
  void add(pid_t pid) {
    const std::scoped_lock lock(mutex_);
    pids_.push_back(pid);
  }
  void reap() {
    const std::scoped_lock lock(mutex_);
    std::erase_if(pids_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
  }

 private:
  std::mutex mutex_;
  std::vector<pid_t> pids_;
};

Lingering& lingering() {
  static Lingering all;
  return all;
}

int milliseconds_until(Deadline deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

// One child from its start to its end; it is killed and reaped in any case.
class Run {
 public:
  Run(Spawned spawned, std::size_t output_bytes_max)
      : spawned_(std::move(spawned)),
        output_bytes_max_(output_bytes_max),
        process_(static_cast<int>(::syscall(SYS_pidfd_open, spawned_.pid, 0))) {}
  ~Run() {
    end();
    base::wipe(output_);
  }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // Empty: it ended by itself. Else why it was cut off.
  std::string wait(Deadline deadline) {
    while (!has_ended()) {
      const int left = milliseconds_until(deadline);
      if (left == 0) return "was too slow: it was killed at the deadline";
      poll_once(left);
      if (auto why = read_all(); !why.empty()) return why;
    }
    ::kill(-spawned_.pid, SIGKILL);  // nothing that it left behind writes while the rest is read
    return read_all();
  }

  // Kills, reaps and gives the status of waitpid(2); nothing: it lingers.
  std::optional<int> end() {
    if (spawned_.pid < 0) return std::nullopt;
    const pid_t pid = std::exchange(spawned_.pid, -1);
    ::kill(-pid, SIGKILL);
    ::kill(pid, SIGKILL);  // before it has its session, it is in our group
    const Deadline deadline = std::chrono::steady_clock::now() + kDyingMax;
    int status = 0;
    pid_t reaped = 0;
    while ((reaped = ::waitpid(pid, &status, WNOHANG)) == 0 && milliseconds_until(deadline) > 0) {
      pollfd gone{process_.get(), POLLIN, 0};
      ::poll(&gone, 1, process_.is_open() ? milliseconds_until(deadline) : 1);
    }
    if (reaped == 0) {
      lingering().add(pid);
      return std::nullopt;
    }
    reap_orphans(pid, deadline);
    return reaped == pid ? std::optional(status) : std::nullopt;
  }

  base::Secret take_output() { return base::Secret(std::move(output_)); }
  [[nodiscard]] std::size_t error_bytes() const { return error_bytes_; }
  [[nodiscard]] const std::optional<SpawnFault>& fault() const { return fault_; }

 private:
  // Leaves it a zombie, so that its group's number stays its own.
  [[nodiscard]] bool has_ended() const {
    siginfo_t info{};
    if (::waitid(P_PID, static_cast<id_t>(spawned_.pid), &info, WEXITED | WNOHANG | WNOWAIT) != 0) {
      return errno != EINTR;
    }
    return info.si_pid != 0;
  }

  // Where orphans become our children (we are process 1 of a container), those of the group do.
  static void reap_orphans(pid_t group, Deadline deadline) {
    pid_t reaped = 0;
    while ((reaped = ::waitpid(-group, nullptr, WNOHANG)) >= 0 &&
           milliseconds_until(deadline) > 0) {
      if (reaped == 0) ::poll(nullptr, 0, 1);
    }
  }

  void poll_once(int left) {
    std::array<pollfd, 4> fds{
        pollfd{spawned_.out.get(), POLLIN, 0}, pollfd{spawned_.err.get(), POLLIN, 0},
        pollfd{spawned_.fault.get(), POLLIN, 0}, pollfd{process_.get(), POLLIN, 0}};
    // A closed descriptor is -1, which poll(2) passes over.
    ::poll(fds.data(), fds.size(), process_.is_open() ? left : std::min(left, kTickMs));
  }

  std::string read_all() {
    read_fault();
    read_errors();
    return read_output();
  }

  void read_fault() {
    SpawnFault fault;
    const auto got = ::read(spawned_.fault.get(), &fault, sizeof fault);
    if (got == sizeof fault) fault_ = fault;
    if (got >= 0) spawned_.fault.close();
  }

  void read_errors() {
    std::array<char, kReadBytes> piece;
    // One piece at a time: a flood must not keep us from looking at the clock.
    const auto got = ::read(spawned_.err.get(), piece.data(), piece.size());
    if (got > 0) error_bytes_ += static_cast<std::size_t>(got);
    if (got == 0) spawned_.err.close();
    base::wipe(piece.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  }

  std::string read_output() {
    while (spawned_.out.is_open()) {
      const std::size_t before = output_.size();
      const std::size_t most = std::min(kReadBytes, output_bytes_max_ + 1 - before);
      output_.resize(before + most);
      const auto got = ::read(spawned_.out.get(), output_.data() + before, most);
      output_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
      if (got == 0) spawned_.out.close();
      if (got < 0) break;
      if (output_.size() > output_bytes_max_) {
        return "printed more than " + std::to_string(output_bytes_max_) + " bytes: it was killed";
      }
    }
    return {};
  }

  Spawned spawned_;
  std::size_t output_bytes_max_;
  FileDescriptor process_;
  std::string output_;
  std::size_t error_bytes_ = 0;
  std::optional<SpawnFault> fault_;
};

std::unexpected<Failure> outage(const Child& child, const std::string& why) {
  return std::unexpected(Failure{FailureKind::kOutage, child.argv.front() + " " + why});
}

}  // namespace

std::string fault_of(const ChildEnd& end) {
  std::string out;
  if (end.signal != 0) {
    out = "was ended by signal " + std::to_string(end.signal);
  } else if (end.exit_status != 0) {
    out = "ended with exit status " + std::to_string(end.exit_status);
  }
  if (!out.empty() && end.error_bytes > 0) {
    out += " (it wrote " + std::to_string(end.error_bytes) + " bytes to stderr, not shown)";
  }
  return out;
}

Answer<ChildEnd> run_child(const Child& child, Deadline deadline) {
  lingering().reap();
  auto spawned = spawn(child);
  if (!spawned) return outage(child, "cannot be started: " + spawned.error().message);
  Run run(std::move(*spawned), child.output_bytes_max);
  const std::string cut_off = run.wait(deadline);
  const auto status = run.end();
  if (run.fault()) return outage(child, explain(*run.fault()));
  if (!cut_off.empty()) return outage(child, cut_off);
  if (!status) return outage(child, "ended, and nothing is known of how");
  ChildEnd out;
  out.output = run.take_output();
  out.error_bytes = run.error_bytes();
  if (WIFSIGNALED(*status)) out.signal = WTERMSIG(*status);
  if (WIFEXITED(*status)) out.exit_status = WEXITSTATUS(*status);
  return out;
}

}  // namespace sutler::source
