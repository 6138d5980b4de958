#include "crypto/master_key_source.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
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

// Runs the words as a command without a shell and takes what it prints.
Result<Secret> read_command(const std::string& command) {
  std::vector<std::string> words;
  std::istringstream in(command);
  for (std::string word; in >> word;) words.push_back(word);
  if (words.empty()) return fail(Code::kInvalid, "master key command: has no program");
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return base::fail_errno(errno, "pipe failed");
  base::FileDescriptor out(pipe_ends[0]), in_child(pipe_ends[1]);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in_child.get(), STDOUT_FILENO);
  pid_t child = -1;
  const int error = posix_spawnp(&child, words[0].c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return base::fail_errno(error, "master key command " + words[0]);
  in_child.close();
  auto content = base::read_file("/proc/self/fd/" + std::to_string(out.get()), kSourceBytesMax);
  out.close();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Code::kUnavailable, "master key command " + words[0] + " failed",
                "run it by hand as the user of sutler and look at what it says");
  }
  return content;
}

}  // namespace

Result<LockedBytes> read_master_key(const std::string& spec) {
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
    content = read_command(rest);
  }
  if (!content) return pass(content);
  // A command may hold words that are nobody's business; its kind says enough.
  return decode(*content, kind == "command" ? "command" : spec);
}

}  // namespace sutler::crypto
