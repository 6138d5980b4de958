#include "source/exec/child.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "base/test_support.h"
#include "source/exec/test_support.h"

namespace sutler::source {
namespace {

using base::Secret;
using base::test::TempFolder;
using std::chrono::milliseconds;
using test::in;
using test::late;

constexpr std::string_view kCanary = "canary-7c1f0a";

Child script(const std::string& text) {
  Child child;
  child.argv = {"/bin/sh", "-c", text};
  child.environment.emplace_back("PATH=/usr/bin:/bin");
  return child;
}

pid_t number(std::string_view text) {
  pid_t pid = 0;
  std::from_chars(text.data(), text.data() + text.size(), pid);
  return pid;
}

// Until the kernel has done with a killed process that is not ours to wait for.
bool is_gone(pid_t pid) {
  for (int i = 0; i < 20'000 && test::is_running(pid); ++i) std::this_thread::yield();
  return !test::is_running(pid);
}

TEST(Child, GivesWhatItsProgramPrintsByteForByte) {
  auto end = run_child(script("printf 'a\\000b\\377\\n\\n'"), late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), std::string_view("a\0b\xff\n\n", 6));
  EXPECT_EQ(end->exit_status, 0);
  EXPECT_EQ(fault_of(*end), "");
}

TEST(Child, GivesItsProgramAllOfItsInput) {
  const std::string input(3'000'000, 'x');
  Child child = script("wc -c; cat /dev/stdin | wc -c");
  child.input = input;
  auto end = run_child(child, late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), "3000000\n3000000\n");  // opened anew, it begins anew
}

TEST(Child, DoesNotMindAnInputThatNobodyReads) {
  const std::string input(3'000'000, 'x');
  for (const char* text : {"echo done", "exec <&-; echo done", "head -c 1 >/dev/null; echo done"}) {
    Child child = script(text);
    child.input = input;
    auto end = run_child(child, late());
    ASSERT_TRUE(end) << end.error().message;
    EXPECT_EQ(end->output.expose(), "done\n") << text;
  }
}

TEST(Child, WaitsForAProgramThatClosesItsOutputEarly) {
  auto end = run_child(script("echo one; exec >&- 2>&-; exit 7"), late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), "one\n");
  EXPECT_EQ(end->exit_status, 7);
}

TEST(Child, TellsExitStatusAndSignal) {
  auto end = run_child(script("echo no >&2; exit 3"), late());
  ASSERT_TRUE(end);
  EXPECT_EQ(fault_of(*end), "ended with exit status 3 (it wrote 3 bytes to stderr, not shown)");
  end = run_child(script("kill -TERM $$"), late());
  ASSERT_TRUE(end);
  EXPECT_EQ(end->signal, SIGTERM);
  EXPECT_EQ(fault_of(*end), "was ended by signal 15");
}

TEST(Child, HasExactlyTheEnvironmentThatItIsGiven) {
  ::setenv("SUTLER_TEST_CANARY", "canary", 1);
  Child child;
  child.argv = {"/usr/bin/env"};
  child.environment.emplace_back("A=1");
  child.environment.emplace_back("B=with space\nand line");
  auto end = run_child(child, late());
  ::unsetenv("SUTLER_TEST_CANARY");
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), "A=1\nB=with space\nand line\n");
}

TEST(Child, InheritsNoDescriptorNoIgnoredSignalAndNoMask) {
  const int leaked = ::dup(STDIN_FILENO);  // without close-on-exec
  ASSERT_GE(leaked, 0);
  ::signal(SIGPIPE, SIG_IGN);
  auto end =
      run_child(script("ls /proc/self/fd; grep -E 'SigBlk|SigIgn' /proc/self/status"), late());
  ::signal(SIGPIPE, SIG_DFL);
  ::close(leaked);
  ASSERT_TRUE(end);
  // 3 is the folder that ls reads.
  EXPECT_EQ(end->output.expose(),
            "0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST(Child, LeavesNoDescriptorAndNoZombie) {
  const auto before = test::open_descriptors();
  (void)run_child(script("echo good"), late());
  (void)run_child(script("exit 3"), late());
  (void)run_child(script("sleep 1000"), in(milliseconds(50)));
  Child absent = script("");
  absent.argv = {"/nowhere/at/all"};
  (void)run_child(absent, late());
  EXPECT_EQ(test::open_descriptors(), before);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

TEST(Child, IsKilledAtTheDeadlineWithItsGrandchildren) {
  const TempFolder folder;
  const auto pids = folder.path() / "pids";
  // Written in one piece before it hangs; a second shell, and a third that ignores what it can.
  Child child = script("sh -c 'trap \"\" TERM HUP INT; sleep 1000; :' & echo $! > " +
                       pids.string() + ".new; echo $$ >> " + pids.string() + ".new; mv " +
                       pids.string() + ".new " + pids.string() + "; wait");
  const auto start = std::chrono::steady_clock::now();
  auto end = run_child(child, in(milliseconds(1500)));
  const auto took = std::chrono::steady_clock::now() - start;
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().kind, FailureKind::kOutage);
  EXPECT_EQ(end.error().message, "/bin/sh was too slow: it was killed at the deadline");
  EXPECT_GE(took, milliseconds(1500));
  EXPECT_LT(took, milliseconds(10'000));
  const std::string written = test::read(pids);
  ASSERT_FALSE(written.empty()) << "the machine is too busy for this test";
  EXPECT_TRUE(is_gone(number(written)));
  EXPECT_TRUE(is_gone(number(written.substr(written.find('\n') + 1))));
}

TEST(Child, TakesWhatItLeftBehindWithIt) {
  auto end = run_child(script("sleep 1000 & echo $!"), late());
  ASSERT_TRUE(end);  // although the sleep holds its stdout
  EXPECT_TRUE(is_gone(number(end->output.expose())));
}

TEST(Child, ReapsOrphansWhereTheyComeToUs) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);  // as process 1 of a container
  auto end = run_child(script("sleep 1000 & sleep 1000 & echo good"), late());
  ::prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0);
  ASSERT_TRUE(end);
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(Child, IsCutOffWhenItPrintsTooMuch) {
  Child child = script("yes");
  child.output_bytes_max = 100'000;
  auto end = run_child(child, late());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, "/bin/sh printed more than 100000 bytes: it was killed");
  child = script("head -c 100000 /dev/zero");
  child.output_bytes_max = 100'000;
  end = run_child(child, late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.size(), 100'000U);
}

TEST(Child, MayWriteToStderrWithoutEndButNotBeyondTheDeadline) {
  auto end = run_child(script("yes >&2"), in(milliseconds(200)));
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, "/bin/sh was too slow: it was killed at the deadline");
}

TEST(Child, SaysNothingOfWhatItPrintedOrWasGiven) {
  for (const char* text : {"echo $C; echo $C >&2; exit 3", "echo $C >&2; kill -9 $$",
                           "echo $C; echo $C >&2; sleep 1000"}) {
    Child child = script(text + std::string(" # ") + std::string(kCanary));
    child.environment.emplace_back("C=" + std::string(kCanary));
    auto end = run_child(child, in(milliseconds(300)));
    const std::string message = end ? fault_of(*end) : end.error().message;
    EXPECT_EQ(message.find(kCanary), std::string::npos) << message;
  }
}

TEST(Child, SaysWhatCannotBeRun) {
  const TempFolder folder;
  const auto data = folder.path() / "data";
  test::write(data, "no program");
  Child child = script("");
  child.argv = {data.string()};
  auto end = run_child(child, late());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, data.string() + " cannot be run: Permission denied");
  child = script("true");
  child.folder = folder.path() / "absent";
  end = run_child(child, late());
  ASSERT_FALSE(end);
  EXPECT_EQ(end.error().message, "/bin/sh cannot enter its folder: No such file or directory");
}

TEST(Child, HasItsLimitsAndCannotGainRights) {
  Child child = script(
      "ulimit -c; ulimit -n; ulimit -v; ulimit -t; grep NoNewPrivs "
      "/proc/self/status; umask; pwd");
  child.limits = {std::uint64_t{1} << 30, 7, 99, 0, 0};
  auto end = run_child(child, late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), "0\n99\n1048576\n7\nNoNewPrivs:\t1\n0077\n/\n");
}

TEST(Child, RunsAsAnotherUserWithThatUsersGroupsOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may change users";
  Child child = script("id -u; id -g; id -G; cat /etc/shadow; head -c 2 /dev/stdin");
  child.input = "in";
  child.user = ChildUser{65534, 65533, {65532}};
  auto end = run_child(child, late());
  ASSERT_TRUE(end) << end.error().message;
  EXPECT_EQ(end->output.expose(), "65534\n65533\n65533 65532\nin");
}

TEST(Child, LeavesUsAsDumpableAsWeAre) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root may change users";
  const int before = ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
  for (const unsigned long dumpable : {0UL, 1UL}) {
    ::prctl(PR_SET_DUMPABLE, dumpable, 0, 0, 0);
    Child child = script("true");
    child.user = ChildUser{65534, 65534, {}};
    EXPECT_TRUE(run_child(child, late()));
    EXPECT_EQ(::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0), static_cast<int>(dumpable));
  }
  ::prctl(PR_SET_DUMPABLE, before, 0, 0, 0);
}

TEST(Child, RunsFromManyThreadsAtOnce) {
  std::vector<std::jthread> threads;
  std::array<std::string, 8> outputs;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    threads.emplace_back([&, i] {
      const std::string input = "input " + std::to_string(i);
      Child child = script("cat");
      child.input = input;
      for (int n = 0; n < 5; ++n) {
        auto end = run_child(child, late());
        outputs[i] = end ? std::string(end->output.expose()) : end.error().message;
        if (outputs[i] != input) return;
      }
    });
  }
  threads.clear();
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    EXPECT_EQ(outputs[i], "input " + std::to_string(i));
  }
}

}  // namespace
}  // namespace sutler::source
