// The child of a process with threads may call async-signal-safe functions only until execve(2),
// so everything that it needs is laid out before it is started, and it makes system calls by number
// where glibc would do more (setresuid(2) of all threads).
#include "source/exec/spawn.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <system_error>

#include "source/exec/landlock.h"

namespace sutler::source {
namespace {

using base::FileDescriptor;
using base::Result;

constexpr long kRestrictSelf = 446;  // landlock_restrict_self(2)
constexpr unsigned kNoExecSeal = 8;  // MFD_NOEXEC_SEAL, Linux 6.3

struct Limit {
  __rlimit_resource resource;
  rlimit value;
};

// All that the child needs.
struct Plan {
  const char* path = nullptr;
  char* const* argv = nullptr;
  char* const* environment = nullptr;
  const char* folder = nullptr;
  int in = -1, out = -1, err = -1, fault = -1, ruleset = -1;
  const ChildUser* user = nullptr;
  const Limit* limits = nullptr;
  std::size_t limit_count = 0;
  rlim_t open_files_max = 0;  // of ours
  unsigned long dumpable = 0;
};

[[noreturn]] void give_up(const Plan& plan, SpawnStep step) {
  const SpawnFault fault{step, errno};
  [[maybe_unused]] const auto written = ::write(plan.fault, &fault, sizeof fault);
  ::_exit(127);
}

void need(bool done, const Plan& plan, SpawnStep step) {
  if (!done) give_up(plan, step);
}

void reset_signals() {
  struct sigaction by_default{};
  by_default.sa_handler = SIG_DFL;
  for (int signal = 1; signal < _NSIG; ++signal) ::sigaction(signal, &by_default, nullptr);
}

void change_user(const Plan& plan) {
  const ChildUser& user = *plan.user;
  const auto step = SpawnStep::kUser;
  need(::syscall(SYS_setgroups, user.groups.size(), user.groups.data()) == 0, plan, step);
  need(::syscall(SYS_setresgid, user.gid, user.gid, user.gid) == 0, plan, step);
  need(::syscall(SYS_setresuid, user.uid, user.uid, user.uid) == 0, plan, step);
  // That changed whether the memory may be dumped, which is ours as well (start_child).
  need(::prctl(PR_SET_DUMPABLE, plan.dumpable, 0, 0, 0) == 0, plan, step);
}

void close_others(const Plan& plan) {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (rlim_t fd = 3; fd < plan.open_files_max; ++fd) {
    ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  }
}

[[noreturn]] void become(const Plan& plan) {
  need(::setsid() >= 0, plan, SpawnStep::kSession);
  reset_signals();
  for (std::size_t i = 0; i < plan.limit_count; ++i) {
    need(::setrlimit(plan.limits[i].resource, &plan.limits[i].value) == 0, plan,
         SpawnStep::kLimits);
  }
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // fails where there are none
  if (plan.user != nullptr) change_user(plan);
  need(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0, plan, SpawnStep::kPrivileges);
  // Ends with us, however we end. Behind the change of user, which takes it back.
  need(::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0, plan, SpawnStep::kSession);
  ::umask(077);
  need(::chdir(plan.folder) == 0, plan, SpawnStep::kFolder);
  need(::dup2(plan.in, 0) == 0 && ::dup2(plan.out, 1) == 1 && ::dup2(plan.err, 2) == 2, plan,
       SpawnStep::kFiles);
  if (plan.ruleset >= 0) {
    need(::syscall(kRestrictSelf, plan.ruleset, 0) == 0, plan, SpawnStep::kLandlock);
  }
  close_others(plan);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.path, plan.argv, plan.environment);
  give_up(plan, SpawnStep::kProgram);
}

// Above 2, so that dup2() onto 0 to 2 never meets it.
Result<FileDescriptor> lifted(int fd, const char* what) {
  FileDescriptor low(fd);
  if (fd < 0) return base::fail_errno(errno, what);
  FileDescriptor high(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!high.is_open()) return base::fail_errno(errno, what);
  return high;
}

struct Pipe {
  FileDescriptor ours, theirs;
};

Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe");
  auto theirs = lifted(ends[1], "pipe");
  Pipe made{FileDescriptor(ends[0]), FileDescriptor()};
  if (!theirs) return pass(theirs);
  if (::fcntl(made.ours.get(), F_SETFL, O_NONBLOCK) != 0) return base::fail_errno(errno, "pipe");
  made.theirs = std::move(*theirs);
  return made;
}

// A file in memory: never full, never broken, however little of it the program reads.
Result<FileDescriptor> make_input(std::string_view input) {
  int fd = ::memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING | kNoExecSeal);
  if (fd < 0 && errno == EINVAL) fd = ::memfd_create("stdin", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  auto file = lifted(fd, "stdin of the program");
  if (!file) return file;
  if (auto done = base::write_all(file->get(), input); !done) return pass(done);
  if (::lseek(file->get(), 0, SEEK_SET) != 0) return base::fail_errno(errno, "stdin");
  ::fcntl(file->get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
  return file;
}

void limit(std::vector<Limit>& out, __rlimit_resource resource, std::uint64_t most) {
  rlimit now{};
  if (most == 0 || ::getrlimit(resource, &now) != 0) return;
  const rlim_t value = std::min<rlim_t>(most, now.rlim_max);
  out.push_back({resource, {value, value}});
}

std::vector<Limit> limits_of(const ProgramLimits& limits) {
  std::vector<Limit> out{{RLIMIT_CORE, {0, 0}}};
  limit(out, RLIMIT_AS, limits.memory_bytes_max);
  limit(out, RLIMIT_CPU, limits.cpu_seconds_max);
  limit(out, RLIMIT_NOFILE, limits.open_files_max);
  limit(out, RLIMIT_NPROC, limits.processes_max);
  limit(out, RLIMIT_FSIZE, limits.file_bytes_max);
  return out;
}

// The words as execve(2) takes them. It writes to none.
std::vector<char*> pointers_to(const std::vector<std::string>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const auto& word : words) out.push_back(const_cast<char*>(word.c_str()));
  out.push_back(nullptr);
  return out;
}

// A Secret's bytes end in a NUL, as those of any std::string do.
std::vector<char*> pointers_to(const std::vector<base::Secret>& words) {
  std::vector<char*> out;
  out.reserve(words.size() + 1);
  for (const auto& word : words) out.push_back(const_cast<char*>(word.expose().data()));
  out.push_back(nullptr);
  return out;
}

#ifdef SUTLER_SANITIZED
// The sanitizers do not know a stack that is left without a return.
pid_t start_child(Plan& plan) {
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  return pid;
}
#else
constexpr std::size_t kStackBytes = 128 * 1024;

int become_in(void* plan) { become(*static_cast<const Plan*>(plan)); }

// As vfork(2), on a stack of its own: our memory, which may be gigabytes, is not copied, only this
// thread waits until the child is the program, and no page of ours is write-protected meanwhile.
// Nobody can attach to the child by the rights of its new user, since we are not dumpable.
pid_t start_child(Plan& plan) {
  void* stack = ::mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (stack == MAP_FAILED) return -1;
  const pid_t pid = ::clone(become_in, static_cast<char*>(stack) + kStackBytes,
                            CLONE_VM | CLONE_VFORK | SIGCHLD, &plan);
  const int error = errno;
  ::munmap(stack, kStackBytes);
  errno = error;
  return pid;
}
#endif

pid_t fork_and_become(Plan& plan) {
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // no handler of ours runs in the child
  const pid_t pid = start_child(plan);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

const char* what_failed(SpawnStep step) {
  switch (step) {
    case SpawnStep::kSession: return "cannot have a session of its own";
    case SpawnStep::kLimits: return "its limits cannot be set";
    case SpawnStep::kUser: return "cannot change its user";
    case SpawnStep::kPrivileges: return "cannot give up privileges";
    case SpawnStep::kLandlock: return "cannot be closed off by Landlock";
    case SpawnStep::kFolder: return "cannot enter its folder";
    case SpawnStep::kFiles: return "cannot have its files";
    case SpawnStep::kProgram: break;
  }
  return "cannot be run";
}

}  // namespace

std::string explain(const SpawnFault& fault) {
  std::string out = what_failed(fault.step);
  return out + ": " + std::generic_category().message(fault.error);
}

Result<Spawned> spawn(const Child& child) {
  auto ruleset = make_ruleset(child.hidden);
  if (!ruleset) return pass(ruleset);
  auto in = make_input(child.input);
  if (!in) return pass(in);
  auto out = make_pipe(), err = make_pipe(), fault = make_pipe();
  for (auto* made : {&out, &err, &fault}) {
    if (!*made) return pass(*made);
  }
  const auto argv = pointers_to(child.argv);
  const auto environment = pointers_to(child.environment);
  const auto limits = limits_of(child.limits);
  if (ruleset->is_open()) {
    auto high = lifted(ruleset->release(), "Landlock");
    if (!high) return pass(high);
    *ruleset = std::move(*high);
  }
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);

  Plan plan;
  plan.path = argv.front();
  plan.argv = argv.data();
  plan.environment = environment.data();
  plan.folder = child.folder.c_str();
  plan.in = in->get();
  plan.out = out->theirs.get();
  plan.err = err->theirs.get();
  plan.fault = fault->theirs.get();
  plan.ruleset = ruleset->get();
  plan.user = child.user ? &*child.user : nullptr;
  plan.limits = limits.data();
  plan.limit_count = limits.size();
  plan.open_files_max = files.rlim_cur;
  plan.dumpable = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 1 : 0;
  const pid_t pid = fork_and_become(plan);
  if (pid < 0) return base::fail_errno(errno, "clone");
  return Spawned{pid, std::move(out->ours), std::move(err->ours), std::move(fault->ours)};
}

}  // namespace sutler::source
