#include "audit/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace sutler::audit {
namespace {

// Given up in steps, so that others who wait for room on the same disk do not take it all at once.
constexpr std::uint64_t kStepBytes = 1024 * 1024;
// Room that must be left when the reserve is made again: without it a disk at its limit would go
// back and forth between full and not full.
constexpr std::uint64_t kMarginBytesMax = 8 * 1024 * 1024;
// Of a small volume the reserve takes no more than this part, or it could never be made there.
constexpr std::uint64_t kPartOfVolume = 8;

}  // namespace

Reserve::Reserve(std::filesystem::path file, std::uint64_t wanted_bytes)
    : file_(std::move(file)), wanted_(wanted_bytes), intact_(wanted_bytes == 0) {
  struct stat info{};
  if (::lstat(file_.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return;
  if (wanted_ == 0) {
    (void)::unlink(file_.c_str());  // an earlier run had one
    return;
  }
  bytes_ = static_cast<std::uint64_t>(info.st_size);
}

base::Result<void> Reserve::restore() {
  const std::lock_guard lock(mutex_);
  if (intact_) return {};
  const base::FileDescriptor file(
      ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) {
    return base::fail_errno(errno, "audit reserve " + file_.string() + " cannot be made");
  }
  struct stat info{};
  struct statvfs disk{};
  if (::fstat(file.get(), &info) != 0 || ::fstatvfs(file.get(), &disk) != 0) {
    return base::fail_errno(errno, "audit reserve " + file_.string() + " cannot be looked at");
  }
  const std::uint64_t volume = std::uint64_t{disk.f_blocks} * disk.f_frsize;
  const std::uint64_t wanted =  // a volume may have no limit to tell
      volume == 0 ? wanted_ : std::min(wanted_, volume / kPartOfVolume);
  const std::uint64_t have = static_cast<std::uint64_t>(info.st_blocks) * 512;
  const std::uint64_t missing = wanted > have ? wanted - have : 0;
  const std::uint64_t margin = missing > 0 ? std::min(wanted / 8, kMarginBytesMax) : 0;
  if (std::uint64_t{disk.f_bavail} * disk.f_frsize < missing + margin) {
    return base::fail(base::Code::kNoSpace, "no room for the audit reserve " + file_.string());
  }
  const int error = ::posix_fallocate(file.get(), 0, static_cast<off_t>(wanted));
  if (error != 0) {
    if (::ftruncate(file.get(), static_cast<off_t>(bytes_)) != 0) bytes_ = 0;
    return base::fail_errno(error, "audit reserve " + file_.string() + " cannot be made");
  }
  if (::ftruncate(file.get(), static_cast<off_t>(wanted)) != 0) {  // where an earlier run had more
    return base::fail_errno(errno, "audit reserve " + file_.string() + " cannot be cut to size");
  }
  bytes_ = wanted;
  intact_ = true;
  return {};
}

void Reserve::look() {
  const std::lock_guard lock(mutex_);
  if (wanted_ == 0) return;
  struct stat info{};
  const bool is_there = ::lstat(file_.c_str(), &info) == 0 && S_ISREG(info.st_mode);
  const std::uint64_t have = is_there ? static_cast<std::uint64_t>(info.st_size) : 0;
  if (have >= bytes_) return;
  bytes_ = have;
  intact_ = false;
}

bool Reserve::give_up(std::uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (wanted_ == 0 || bytes_ == 0) return false;
  const std::uint64_t left = bytes_ - std::min(bytes_, std::max(bytes, kStepBytes));
  intact_ = false;
  // unlink where truncating is not possible: both give the blocks back.
  const bool done = (left > 0 && ::truncate(file_.c_str(), static_cast<off_t>(left)) == 0) ||
                    ::unlink(file_.c_str()) == 0;
  struct stat info{};
  bytes_ = ::lstat(file_.c_str(), &info) == 0
               ? std::min<std::uint64_t>(left, static_cast<std::uint64_t>(info.st_size))
               : 0;
  return done;
}

bool Reserve::is_intact() const {
  const std::lock_guard lock(mutex_);
  return intact_;
}

std::uint64_t Reserve::bytes() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace sutler::audit
