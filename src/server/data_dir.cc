#include "server/data_dir.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "server/options.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

Result<void> make_private_folder(const std::filesystem::path& path) {
  std::error_code error;
  if (!path.parent_path().empty()) std::filesystem::create_directories(path.parent_path(), error);
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return base::fail_errno(errno, "data directory " + path.string() + " cannot be made");
  }
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) {
    return fail(Code::kInvalid, "data directory " + path.string() + " is not a directory");
  }
  if ((info.st_mode & 022) != 0) {
    return fail(Code::kRefused, "data directory " + path.string() + " may be written by others",
                "chmod 700 " + path.string());
  }
  return {};
}

// What a process that was killed while it wrote a small file left behind: NAME.new.XXXXXX.
void remove_leftovers(const std::filesystem::path& path) {
  constexpr std::string_view kMark = ".new.";
  constexpr std::size_t kRandomBytes = 6;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(path, ignored)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= kMark.size() + kRandomBytes) continue;
    if (!name.substr(0, name.size() - kRandomBytes).ends_with(kMark)) continue;
    if (entry.symlink_status(ignored).type() != std::filesystem::file_type::regular) continue;
    (void)::unlink(entry.path().c_str());
  }
}

}  // namespace

Result<DataDir> DataDir::open(const std::filesystem::path& path) {
  if (auto made = make_private_folder(path); !made) return pass(made);
  DataDir dir;
  dir.path_ = path;
  const auto lock = path / "lock";
  dir.lock_ = base::FileDescriptor(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!dir.lock_.is_open()) {
    return base::fail_errno(errno, "file " + lock.string() + " cannot be opened");
  }
  if (::flock(dir.lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(Code::kConflict,
                "data directory " + path.string() + " is in use by another sutler process",
                "stop it first, or choose another --data-dir");
  }
  remove_leftovers(path);
  return dir;
}

std::filesystem::path default_data_dir() {
  const std::filesystem::path system = "/var/lib/sutler";
  if (::geteuid() == 0 || std::filesystem::exists(system)) return system;
  if (const char* xdg = std::getenv("XDG_DATA_HOME"); xdg != nullptr && *xdg != '\0') {
    return std::filesystem::path(xdg) / "sutler";
  }
  const char* home = std::getenv("HOME");
  return std::filesystem::path(home == nullptr ? "." : home) / ".local/share/sutler";
}

}  // namespace sutler::server
