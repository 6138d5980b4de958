#include "cli/editor.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <iostream>

namespace sutler::cli {
namespace {

using base::Code;
using base::fail;

sigset_t held_set() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGCHLD}) sigaddset(&set, signal);
  return set;
}

[[noreturn]] void become_editor(const std::string& command, const std::string& file,
                                const sigset_t& mask) {
  (void)::pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  const std::string line = command + " \"$@\"";
  ::execl("/bin/sh", "sh", "-c", line.c_str(), "sh", file.c_str(), nullptr);
  ::_exit(127);
}

base::Result<void> judge(int status, const std::string& command) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return fail(Code::kInvalid, "the editor `" + command + "` failed; nothing was changed",
              "VISUAL or EDITOR says which editor is used");
}

}  // namespace

HeldSignals::HeldSignals() : before_() {
  const sigset_t set = held_set();
  (void)::pthread_sigmask(SIG_BLOCK, &set, &before_);
}

HeldSignals::~HeldSignals() {
  // The interrupt that ended the editor is not for us.
  sigset_t interrupts;
  sigemptyset(&interrupts);
  sigaddset(&interrupts, SIGINT);
  sigaddset(&interrupts, SIGQUIT);
  const timespec now{};
  while (::sigtimedwait(&interrupts, nullptr, &now) > 0) {
  }
  (void)::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

std::string editor_command() {
  for (const char* name : {"VISUAL", "EDITOR"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return "vi";
}

base::Result<void> run_editor(const std::filesystem::path& file, const HeldSignals& signals) {
  const std::string command = editor_command();
  const std::string path = file.string();
  const pid_t child = ::fork();
  if (child < 0) return fail(Code::kInternal, "the editor cannot be started");
  if (child == 0) become_editor(command, path, signals.before());
  const sigset_t set = held_set();
  for (;;) {
    const int signal = ::sigwaitinfo(&set, nullptr);
    if (signal == SIGTERM || signal == SIGHUP) {
      (void)::kill(child, SIGTERM);
      (void)::waitpid(child, nullptr, 0);
      return fail(Code::kUnavailable, "told to end; nothing was changed");
    }
    int status = 0;
    if (signal == SIGCHLD && ::waitpid(child, &status, WNOHANG) == child) {
      return judge(status, command);
    }
  }
}

Answer ask_on_terminal(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDERR_FILENO) != 1) return Answer::kNo;
  std::fputs((question + " [Y/n] ").c_str(), stderr);
  std::string line;
  if (!std::getline(std::cin, line)) return Answer::kNo;
  return line.empty() || line[0] == 'y' || line[0] == 'Y' ? Answer::kYes : Answer::kNo;
}

}  // namespace sutler::cli
