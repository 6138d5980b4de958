#include "source/exec/program.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/environment.h"
#include "base/file.h"
#include "source/exec/landlock.h"

namespace sutler::source {
namespace {

using base::Code;
using base::fail;
using base::Result;
using base::Secret;
namespace fs = std::filesystem;

constexpr std::string_view kPathDefault = "/usr/local/bin:/usr/bin:/bin";
constexpr std::size_t kVariableBytesMax = 128 * 1024;
constexpr std::size_t kCredentialBytesMax = 64 * 1024;

std::string variable_or(const char* name, std::string_view otherwise) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0' ? std::string(value) : std::string(otherwise);
}

bool is_program(const fs::path& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         (status.st_mode & 0111) != 0;
}

Result<std::string> find_program(const std::string& word, std::string_view where) {
  const std::string start(where);
  if (word.empty()) return fail(Code::kInvalid, start + ": no program is given");
  std::string found = word;
  if (word.find('/') == std::string::npos) {
    found.clear();
    const std::string folders = variable_or("PATH", kPathDefault);
    for (std::size_t at = 0; at <= folders.size() && found.empty();) {
      const std::size_t end = std::min(folders.find(':', at), folders.size());
      const fs::path candidate = fs::path(folders.substr(at, end - at)) / word;
      if (candidate.is_absolute() && is_program(candidate)) found = candidate.string();
      at = end + 1;
    }
    if (found.empty()) {
      return fail(Code::kInvalid, start + ": there is no program " + word + " in PATH",
                  "install it, or write its whole path");
    }
  }
  if (found.front() != '/') {
    return fail(Code::kInvalid, start + ": the path of program " + word + " is not absolute",
                "start it with /, or write the name alone to have it looked up in PATH");
  }
  struct stat status{};
  if (::stat(found.c_str(), &status) == 0 && (status.st_mode & S_IWOTH) != 0) {
    return fail(Code::kInvalid, start + ": anybody may write " + found, "chmod o-w " + found);
  }
  return found;
}

struct Account {
  ChildUser user;
  std::string home;
};

Result<Account> find_user(const std::string& name, std::string_view where) {
  std::array<char, 16 * 1024> space;
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(name.c_str(), &entry, space.data(), space.size(), &found) != 0 ||
      found == nullptr) {
    return fail(Code::kInvalid, std::string(where) + ": there is no user " + name,
                "adduser --system " + name);
  }
  Account account{{entry.pw_uid, entry.pw_gid, {}}, entry.pw_dir};
  int count = 64;
  account.user.groups.resize(64);
  while (::getgrouplist(name.c_str(), entry.pw_gid, account.user.groups.data(), &count) < 0) {
    account.user.groups.resize(static_cast<std::size_t>(count));
  }
  account.user.groups.resize(static_cast<std::size_t>(count));
  return account;
}

Result<Secret> value_of(const ProgramVariable& variable) {
  if (!variable.from_file.empty()) {
    auto content = base::read_file(variable.from_file, kVariableBytesMax);
    if (!content) return content;
    return base::strip_single_newline(std::move(*content));
  }
  if (variable.from_environment.empty()) return variable.literal.clone();
  const char* value = std::getenv(variable.from_environment.c_str());
  if (value == nullptr) {
    return fail(Code::kUnavailable,
                "environment variable " + variable.from_environment + " is not set");
  }
  return Secret(value);
}

void set(std::vector<Secret>& environment, const std::string& name, std::string_view value) {
  const std::string start = name + '=';
  std::erase_if(environment, [&](const Secret& one) { return one.expose().starts_with(start); });
  std::string whole;
  whole.reserve(start.size() + value.size());
  (whole += start) += value;
  environment.emplace_back(std::move(whole));
}

}  // namespace

Result<RunnableProgram> RunnableProgram::make(Program program, std::string_view where) {
  const std::string start(where);
  RunnableProgram out;
  if (program.argv.empty()) return fail(Code::kInvalid, start + ": no program is given");
  auto path = find_program(program.argv.front(), where);
  if (!path) return pass(path);
  out.path_ = std::move(*path);
  out.home_ = variable_or("HOME", "/");
  if (program.user.empty() && ::geteuid() == 0) {
    return fail(Code::kInvalid, start + ": the server is root, and no `user` is given",
                "write `user: NAME` of a user of its own; `user: root` if it must be");
  }
  if (!program.user.empty()) {
    auto account = find_user(program.user, where);
    if (!account) return pass(account);
    out.home_ = account->home;
    // Nothing to change: then it needs no right to change it.
    if (account->user.uid != ::geteuid() || ::geteuid() == 0) out.user_ = account->user;
  }
  if (!program.folder.is_absolute()) {
    return fail(Code::kInvalid, start + ": folder " + program.folder.string() + " is not absolute");
  }
  out.program_ = std::move(program);
  return out;
}

Answer<ChildEnd> RunnableProgram::run(std::vector<std::string> argv, std::string_view input,
                                      std::size_t output_bytes_max, Deadline deadline) const {
  Child child;
  child.argv = std::move(argv);
  child.argv.front() = path_;
  child.folder = program_.folder;
  child.user = user_;
  child.limits = program_.limits;
  child.hidden = program_.hidden;
  child.input = input;
  child.output_bytes_max = output_bytes_max;
  set(child.environment, "PATH", variable_or("PATH", kPathDefault));
  set(child.environment, "HOME", home_);
  set(child.environment, "LANG", variable_or("LANG", "C.UTF-8"));
  for (const ProgramVariable& variable : program_.environment) {
    auto value = value_of(variable);
    if (value && value->expose().find('\0') != std::string_view::npos) {
      value = fail(Code::kInvalid, "it has a NUL byte");
    }
    if (!value) {
      return std::unexpected(
          Failure{FailureKind::kLogin,
                  path_ + ": its variable " + variable.name + ": " + value.error().message});
    }
    set(child.environment, variable.name, value->expose());
  }
  return run_child(child, deadline);
}

std::string RunnableProgram::describe() const {
  std::string out = "runs " + path_;
  out += program_.user.empty() ? " as the server's own user" : " as user " + program_.user;
  if (program_.hidden.empty()) return out;
  const int abi = landlock_abi();
  if (abi == 0) {
    return out +
           "; this kernel has no Landlock: only file permissions keep it from the data "
           "directory";
  }
  return out + "; Landlock (version " + std::to_string(abi) + ") closes the data directory to it";
}

std::function<Result<Secret>(const std::vector<std::string>&, Deadline)> make_command_runner(
    std::vector<fs::path> hidden) {
  return [hidden = std::move(hidden)](const std::vector<std::string>& argv,
                                      Deadline deadline) -> Result<Secret> {
    Program program;
    program.argv = argv;
    program.hidden = hidden;
    // A command for a credential runs as the server, root or not: it stands in for a file that
    // the server reads.
    if (::geteuid() == 0) program.user = "root";
    auto runnable = RunnableProgram::make(std::move(program), "credential command");
    if (!runnable) return pass(runnable);
    auto end = runnable->run(argv, {}, kCredentialBytesMax, deadline);
    if (!end) return fail(Code::kUnavailable, "credential command: " + end.error().message);
    if (const auto how = fault_of(*end); !how.empty()) {
      return fail(Code::kUnavailable, "credential command: " + argv.front() + " " + how,
                  "run it by hand as the user of sutler and look at what it says");
    }
    return std::move(end->output);
  };
}

}  // namespace sutler::source
