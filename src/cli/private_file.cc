#include "cli/private_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/limits.h"

namespace sutler::cli {
namespace {

namespace fs = std::filesystem;
using base::Code;

bool is_in_memory(const std::string& folder) {
  struct statfs about{};
  if (::statfs(folder.c_str(), &about) != 0) return false;
  return about.f_type == TMPFS_MAGIC || about.f_type == RAMFS_MAGIC;
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// Where a folder can be made, best first.
std::vector<std::string> places(Disk disk) {
  std::vector<std::string> out;
  for (const std::string& folder : {environment("XDG_RUNTIME_DIR"), std::string("/dev/shm")}) {
    if (!folder.empty() && is_in_memory(folder)) out.push_back(folder);
  }
  if (disk == Disk::kRefuse) return out;
  if (const std::string folder = environment("TMPDIR"); !folder.empty()) out.push_back(folder);
  out.emplace_back("/tmp");
  return out;
}

base::Result<fs::path> make_folder(Disk disk) {
  for (const std::string& place : places(disk)) {
    std::string folder = place + "/sutler-edit-XXXXXX";
    if (::mkdtemp(folder.data()) != nullptr) return fs::path(folder);  // with mode 0700
  }
  return base::fail(Code::kRefused, "there is no file system in memory for the text to be edited",
                    "mount a tmpfs at /dev/shm, or let it be on disk for that time: --allow-disk");
}

}  // namespace

base::Result<PrivateFile> PrivateFile::create(const std::string& name, std::string_view content,
                                              Disk disk) {
  auto folder = make_folder(disk);
  if (!folder) return base::pass(folder);
  PrivateFile file(std::move(*folder), name);
  const int fd = ::open(file.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                        S_IRUSR | S_IWUSR);
  if (fd < 0) return base::fail_errno(errno, file.path().string() + " cannot be made");
  const base::FileDescriptor owned(fd);
  auto written = base::write_all(fd, content);
  if (!written) return base::pass(written, file.path().string());
  return file;
}

PrivateFile::PrivateFile(PrivateFile&& other) noexcept
    : folder_(std::move(other.folder_)), name_(std::move(other.name_)), is_kept_(other.is_kept_) {
  other.is_kept_ = true;
}

PrivateFile::~PrivateFile() {
  std::error_code ignored;
  if (!is_kept_) fs::remove_all(folder_, ignored);
}

base::Result<base::Secret> PrivateFile::read() const {
  return base::read_file(path(), base::limits::kAdminBodyBytesMax);
}

}  // namespace sutler::cli
