#include "source/exec/landlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

namespace sutler::source {
namespace {

using base::FileDescriptor;
namespace fs = std::filesystem;

// linux/landlock.h of a kernel newer than the one whose headers we are built with.
constexpr long kCreateRuleset = 444, kAddRule = 445;
constexpr std::uint32_t kVersionFlag = 1;
constexpr int kRulePathBeneath = 1;
constexpr std::uint64_t kExecute = 1 << 0, kWriteFile = 1 << 1, kReadFile = 1 << 2;
constexpr std::uint64_t kRefer = 1 << 13, kTruncate = 1 << 14, kIoctlDev = 1 << 15;
constexpr std::uint64_t kFirstRights = kRefer - 1;  // those of version 1
constexpr std::uint64_t kOfFiles = kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev;
constexpr std::uint64_t kScopeSignal = 1 << 1;

struct RulesetAttributes {
  std::uint64_t fs = 0, net = 0, scoped = 0;
};
struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t parent = -1;
};

std::uint64_t rights_of(int abi) {
  std::uint64_t rights = kFirstRights;
  if (abi >= 2) rights |= kRefer;
  if (abi >= 3) rights |= kTruncate;
  if (abi >= 5) rights |= kIoctlDev;
  return rights;
}

class Builder {
 public:
  Builder(int ruleset, std::uint64_t rights, std::vector<fs::path> hidden)
      : ruleset_(ruleset), rights_(rights), hidden_(std::move(hidden)) {}

  // Allows what is in `folder`, which itself holds something hidden.
  base::Result<void> allow_around(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator entry(folder, error), end; !error && entry != end;
         entry.increment(error)) {
      const fs::path& path = entry->path();
      const auto is_hidden = [&](const fs::path& one) { return one == path; };
      const auto is_above = [&](const fs::path& one) { return is_at_or_below(one, path); };
      if (std::ranges::any_of(hidden_, is_hidden)) continue;
      if (std::ranges::any_of(hidden_, is_above)) {
        if (auto done = allow_around(path); !done) return done;
      } else if (auto done = allow(path); !done) {
        return done;
      }
    }
    // A folder that we may not list is closed as a whole.
    if (error && error.value() != EACCES && error.value() != ENOENT) {
      return base::fail(base::Code::kUnavailable,
                        "Landlock: " + folder.string() + ": " + error.message());
    }
    return {};
  }

 private:
  base::Result<void> allow(const fs::path& path) {
    const FileDescriptor at(::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!at.is_open() || ::fstat(at.get(), &status) != 0) return {};  // gone, or closed to us too
    if (S_ISLNK(status.st_mode)) return {};                           // where it leads decides
    PathBeneath rule;
    rule.allowed = S_ISDIR(status.st_mode) ? rights_ : rights_ & kOfFiles;
    rule.parent = at.get();
    if (::syscall(kAddRule, ruleset_, kRulePathBeneath, &rule, 0) == 0) return {};
    if (errno == EBADFD) return {};  // no file of a file system (a namespace): never restricted
    return base::fail_errno(errno, "Landlock: " + path.string());
  }

  int ruleset_;
  std::uint64_t rights_;
  std::vector<fs::path> hidden_;
};

}  // namespace

bool is_at_or_below(const fs::path& path, const fs::path& folder) {
  const auto [end, rest] = std::ranges::mismatch(folder, path);
  return end == folder.end();
}

int landlock_abi() {
  const long version = ::syscall(kCreateRuleset, nullptr, 0, kVersionFlag);
  return version > 0 ? static_cast<int>(version) : 0;
}

base::Result<FileDescriptor> make_ruleset(const std::vector<fs::path>& hidden) {
  const int abi = landlock_abi();
  if (abi == 0 || hidden.empty()) return FileDescriptor();
  RulesetAttributes attributes;
  attributes.fs = rights_of(abi);
  if (abi >= 6) attributes.scoped = kScopeSignal;
  const std::size_t bytes = abi >= 6 ? 24 : abi >= 4 ? 16 : 8;
  FileDescriptor ruleset(static_cast<int>(::syscall(kCreateRuleset, &attributes, bytes, 0)));
  if (!ruleset.is_open()) return base::fail_errno(errno, "Landlock: no ruleset");
  std::vector<fs::path> real;
  for (const fs::path& one : hidden) {
    std::error_code error;
    fs::path path = fs::weakly_canonical(one, error);
    if (error) {
      return base::fail(base::Code::kUnavailable,
                        "Landlock: " + one.string() + ": " + error.message());
    }
    if (!path.has_filename()) path = path.parent_path();
    real.push_back(std::move(path));
  }
  Builder builder(ruleset.get(), attributes.fs, std::move(real));
  if (auto done = builder.allow_around("/"); !done) return pass(done);
  return ruleset;
}

}  // namespace sutler::source
