#include "crypto/master_key_source.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <vector>

#include "base/encoding.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/wipe.h"
#include "crypto/aead.h"

extern char** environ;

namespace sutler::crypto {
namespace {

using base::Code;
using base::fail;
using base::LockedBytes;
using base::Result;
using base::Secret;

constexpr std::size_t kSourceBytesMax = 4096;

Result<LockedBytes> decode(const Secret& content, const std::string& spec) {
  std::string_view text = content.expose();
  if (text.size() == kAeadKeyBytes) return LockedBytes(text);
  while (text.ends_with('\n') || text.ends_with('\r')) text.remove_suffix(1);
  auto bytes =
      text.size() == 2 * kAeadKeyBytes ? base::hex_decode(text) : base::base64_decode(text);
  if (!bytes || bytes->size() != kAeadKeyBytes) {
    if (bytes) base::wipe(*bytes);
    return fail(Code::kInvalid, "master key " + spec + " does not hold a key of 32 bytes",
                "it must be 64 lower-case hex digits, 44 characters of base64, or 32 raw bytes; "
                "`openssl rand -hex 32` makes one");
  }
  LockedBytes key(*bytes);
  base::wipe(*bytes);
  return key;
}

Result<Secret> read_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return fail(Code::kNotFound, "master key env:" + name + ": the variable is not set");
  }
  return Secret(std::string_view(value));
}

Result<Secret> read_credential(const std::string& name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) {
    return fail(Code::kNotFound,
                "master key credential:" + name + ": CREDENTIALS_DIRECTORY is not set",
                "credentials are passed by systemd: LoadCredential=" + name + ":/path");
  }
  return base::read_file(std::string(folder) + "/" + name, kSourceBytesMax);
}

using Deadline = std::chrono::steady_clock::time_point;

int milliseconds_left(Deadline end) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Deadline::clock::now());
  return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
}

// A program with the signals of a fresh process: we may have blocked or ignored some.
Result<pid_t> spawn(std::vector<std::string> words, int out) {
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none, all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int error = posix_spawnp(&child, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::fail_errno(error, "master key command " + words[0]);
  return child;
}

// To the end of the pipe. kUnavailable: it did not end in time.
Result<Secret> read_pipe(int fd, Deadline end) {
  LockedBytes bytes(kSourceBytesMax + 1);
  std::size_t used = 0;
  while (used <= kSourceBytesMax) {
    pollfd ready{fd, POLLIN, 0};
    const int count = ::poll(&ready, 1, milliseconds_left(end));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return fail(Code::kUnavailable, "it did not end in time");
    const ssize_t got = ::read(fd, bytes.bytes().data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::fail_errno(errno, "its output");
    if (got == 0) return Secret(bytes.expose().substr(0, used));
    used += static_cast<std::size_t>(got);
  }
  return fail(Code::kTooLarge, "it prints more than a key");
}

// Its status; a program that has not ended by then is killed.
std::optional<int> wait_for_end(pid_t child, Deadline end) {
  int status = 0;
  while (true) {
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return status;
    if (ended < 0 && errno != EINTR) return std::nullopt;
    constexpr int kLookMilliseconds = 5;
    if (milliseconds_left(end) == 0) break;
    (void)::poll(nullptr, 0, kLookMilliseconds);
  }
  (void)::kill(child, SIGKILL);
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return std::nullopt;
}

// Runs the words as a command without a shell and takes what it prints.
Result<Secret> read_command(const std::string& command, std::chrono::milliseconds limit) {
  std::vector<std::string> words;
  std::istringstream in(command);
  for (std::string word; in >> word;) words.push_back(word);
  if (words.empty()) return fail(Code::kInvalid, "master key command: has no program");
  const Deadline end = Deadline::clock::now() + limit;
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe failed");
  base::FileDescriptor out(pipe_ends[0]), in_child(pipe_ends[1]);
  auto child = spawn(words, in_child.get());
  if (!child) return pass(child);
  in_child.close();
  auto content = read_pipe(out.get(), end);
  out.close();
  const auto status = wait_for_end(*child, content ? end : Deadline::clock::now());
  if (status && WIFEXITED(*status) && WEXITSTATUS(*status) == 0) return content;
  const bool late = milliseconds_left(end) == 0;
  return fail(
      Code::kUnavailable,
      "master key command " + words[0] +
          (late ? " did not end within " + std::to_string(limit.count()) + " ms" : " failed"),
      "run it by hand as the user of sutler and look at what it says");
}

}  // namespace

Result<LockedBytes> read_master_key(const std::string& spec,
                                    std::chrono::milliseconds command_limit) {
  const auto colon = spec.find(':');
  const std::string kind = spec.substr(0, colon);
  const std::string rest = colon == std::string::npos ? "" : spec.substr(colon + 1);
  Result<Secret> content = fail(Code::kInvalid, "master key " + kind + ": is of no known kind",
                                "write file:PATH, env:NAME, credential:NAME or command:ARGV");
  if (kind == "file" && !rest.empty()) {
    if (auto safe = base::require_private(rest); !safe) return pass(safe, "master key");
    content = base::read_file(rest, kSourceBytesMax);
  } else if (kind == "env" && !rest.empty()) {
    content = read_variable(rest);
  } else if (kind == "credential" && !rest.empty()) {
    content = read_credential(rest);
  } else if (kind == "command") {
    content = read_command(rest, command_limit);
  }
  if (!content) return pass(content);
  // A command may hold words that are nobody's business; its kind says enough.
  return decode(*content, kind == "command" ? "command" : spec);
}

}  // namespace sutler::crypto
