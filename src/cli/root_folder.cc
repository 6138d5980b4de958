#include "cli/root_folder.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace sutler::cli {
namespace {

using base::FileDescriptor;

constexpr int kFolderFlags = O_PATH | O_DIRECTORY | O_CLOEXEC;

// openat2(2), for which Debian 12's libc has no function. Gives -1 and errno.
int open_in_root(int top, const std::string& path) {
  open_how how{};
  how.flags = kFolderFlags;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return static_cast<int>(::syscall(SYS_openat2, top, path.c_str(), &how, sizeof how));
}

// The folder that "/a/b" names below a top: "a/b", and "." for "/".
std::string below(std::string_view path) {
  const std::size_t start = path.find_first_not_of('/');
  return start == std::string_view::npos ? "." : std::string(path.substr(start));
}

}  // namespace

std::string_view folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == 0 ? path.substr(0, 1) : path.substr(0, slash);
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

RootFolder::RootFolder(FileDescriptor top, Resolver resolver, std::string name)
    : top_(std::move(top)), resolver_(resolver), name_(std::move(name)) {}

base::Result<RootFolder> RootFolder::open(const std::filesystem::path& top, Resolver resolver) {
  FileDescriptor folder(::open(top.c_str(), kFolderFlags));
  if (!folder.is_open()) return base::fail_errno(errno, "folder " + top.string());
  if (resolver == Resolver::kKernel) {
    const FileDescriptor probe(open_in_root(folder.get(), "."));
    if (!probe.is_open() && (errno == ENOSYS || errno == EPERM)) resolver = Resolver::kByHand;
  }
  std::string name = top.string();
  while (name.ends_with('/')) name.pop_back();
  return RootFolder(std::move(folder), resolver, std::move(name));
}

FileDescriptor RootFolder::resolve(std::string_view path) const {
  if (resolver_ == Resolver::kKernel) {
    return FileDescriptor(open_in_root(top_.get(), below(path)));
  }
  if (name_.empty()) {  // the top is "/": there is no outside
    return FileDescriptor(::open(std::string(path).c_str(), kFolderFlags));
  }
  return walk(path);
}

// One part after the other, none of which may be a symbolic link.
FileDescriptor RootFolder::walk(std::string_view path) const {
  FileDescriptor here(::openat(top_.get(), ".", kFolderFlags));
  std::string rest = below(path);
  while (here.is_open() && !rest.empty()) {
    const std::size_t slash = rest.find('/');
    const std::string part = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    FileDescriptor next(::openat(here.get(), part.c_str(), kFolderFlags | O_NOFOLLOW));
    const int error = errno;
    here = std::move(next);
    errno = error;
  }
  return here;
}

base::Result<std::optional<FileDescriptor>> RootFolder::find(std::string_view path) const {
  FileDescriptor folder = resolve(path);
  if (folder.is_open()) return std::optional(std::move(folder));
  if (errno == ENOENT) return std::optional<FileDescriptor>();
  return base::fail_errno(errno, "folder " + name_ + std::string(path) + " cannot be opened");
}

base::Result<FileDescriptor> RootFolder::make(std::string_view path,
                                              std::vector<std::string>& made) const {
  auto found = find(path);
  if (!found) return base::pass(found);
  if (*found) return std::move(**found);
  if (path == "/") return base::fail_errno(ENOENT, "folder " + name_ + "/");
  auto parent = make(folder_of(path), made);
  if (!parent) return base::pass(parent);
  // 0755 whatever the umask says: the workload that reads the file may run as another user.
  const mode_t mask = ::umask(022);
  const int done = ::mkdirat(parent->get(), std::string(name_of(path)).c_str(), 0755);
  const int error = errno;
  ::umask(mask);
  if (done != 0) {
    return base::fail_errno(error, "folder " + name_ + std::string(path) + " cannot be made");
  }
  made.emplace_back(path);
  auto folder = find(path);
  if (!folder) return base::pass(folder);
  if (!*folder) return base::fail_errno(ENOENT, "folder " + name_ + std::string(path));
  return std::move(**folder);
}

void RootFolder::remove(const std::vector<std::string>& made) const {
  for (auto path = made.rbegin(); path != made.rend(); ++path) {
    const auto parent = find(folder_of(*path));
    if (!parent || !*parent) continue;
    (void)::unlinkat((*parent)->get(), std::string(name_of(*path)).c_str(), AT_REMOVEDIR);
  }
}

}  // namespace sutler::cli
