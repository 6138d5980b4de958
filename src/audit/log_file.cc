#include "audit/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "audit/line_reader.h"

namespace sutler::audit {

using base::Code;
using base::fail;
using base::fail_errno;

ssize_t FileCalls::write(int fd, const void* bytes, std::size_t count) const {
  return ::write(fd, bytes, count);
}
int FileCalls::ftruncate(int fd, off_t size) const { return ::ftruncate(fd, size); }
int FileCalls::fdatasync(int fd) const { return ::fdatasync(fd); }
const FileCalls& FileCalls::system() {
  static const FileCalls calls;
  return calls;
}

namespace {

// O_NOFOLLOW: a link put in the place of the log must not lead us to write elsewhere.
constexpr int kFlags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOFOLLOW;

// A failed write is either a full disk or a broken sink; callers need no other difference.
base::Error sink_error(int error, const std::string& what) {
  base::Error made = fail_errno(error, what).error();
  if (made.code != Code::kNoSpace) made.code = Code::kInternal;
  return made;
}

}  // namespace

LogFile::LogFile(std::filesystem::path path, base::FileDescriptor file, const FileCalls& calls)
    : path_(std::move(path)), file_(std::move(file)), calls_(&calls) {
  struct stat info{};
  if (::fstat(file_.get(), &info) != 0) return;
  device_ = info.st_dev;
  inode_ = info.st_ino;
  size_ = static_cast<std::uint64_t>(info.st_size);
}

base::Result<std::shared_ptr<LogFile>> LogFile::create(const std::filesystem::path& path,
                                                       const FileCalls& calls) {
  base::FileDescriptor file(::open(path.c_str(), kFlags | O_CREAT | O_EXCL, 0600));
  if (!file.is_open() && errno == EEXIST) {
    return fail(Code::kConflict, "audit log " + path.string() + " exists already");
  }
  if (!file.is_open()) {
    return std::unexpected(sink_error(errno, "audit log " + path.string() + " cannot be created"));
  }
  return std::shared_ptr<LogFile>(new LogFile(path, std::move(file), calls));
}

base::Result<std::shared_ptr<LogFile>> LogFile::open(const std::filesystem::path& path,
                                                     const FileCalls& calls) {
  base::FileDescriptor file(::open(path.c_str(), kFlags));
  if (!file.is_open()) {
    return fail_errno(errno, "audit log " + path.string() + " cannot be opened");
  }
  struct stat info{};
  if (::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return fail(Code::kInvalid, "audit log " + path.string() + " is not a regular file");
  }
  if ((info.st_mode & 077) != 0 && ::fchmod(file.get(), 0600) != 0) {
    return fail_errno(errno, "audit log " + path.string() + " cannot be made private");
  }
  return std::shared_ptr<LogFile>(new LogFile(path, std::move(file), calls));
}

base::Result<void> LogFile::broken(std::string what) {
  broken_ = true;
  return fail(Code::kInternal, "audit log " + path_.string() + " " + std::move(what));
}

base::Result<void> LogFile::check_descriptor() {
  struct stat info{};
  if (broken_) return broken("is broken");
  if (::fstat(file_.get(), &info) != 0) return broken("cannot be looked at");
  if (info.st_nlink == 0) return broken("was removed");
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (size < size_) return broken("was cut by somebody else");
  if (size > size_) return broken("was written by somebody else");
  return {};
}

bool LogFile::is_in_place() const {
  struct stat info{};
  return ::lstat(path_.c_str(), &info) == 0 && info.st_ino == inode_ && info.st_dev == device_;
}

base::Result<void> LogFile::check_path() {
  if (auto intact = check_descriptor(); !intact) return intact;
  if (!is_in_place()) return broken("was renamed or replaced by another file");
  return {};
}

base::Result<void> LogFile::append(std::string_view lines, const Chain& before, const Chain& last) {
  // One cheap call before each write: a log that was removed takes lines without a complaint, and
  // a secret must not leave on the strength of a record that nobody can find.
  if (auto intact = check_descriptor(); !intact) return intact;
  std::string_view left = lines;
  while (!left.empty()) {
    const ssize_t put = calls_->write(file_.get(), left.data(), left.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) {
      auto error =
          sink_error(put < 0 ? errno : EIO, "audit log " + path_.string() + " cannot be written");
      (void)cut_to(size_);  // is_broken() tells when that failed
      return std::unexpected(std::move(error));
    }
    // Short: the rest is tried once more, so that the reason shows (a full disk, mostly).
    left.remove_prefix(static_cast<std::size_t>(put));
  }
  if (size_ == 0) first_seq_ = before.seq() + 1;
  size_ += lines.size();
  last_ = last;
  return {};
}

base::Result<void> LogFile::cut_to(std::uint64_t size) {
  struct stat info{};
  if (::fstat(file_.get(), &info) != 0) return broken("cannot be looked at");
  if (static_cast<std::uint64_t>(info.st_size) != size &&
      calls_->ftruncate(file_.get(), static_cast<off_t>(size)) != 0) {
    return broken("cannot be cut back after a failed write");
  }
  size_ = size;
  return {};
}

base::Result<void> LogFile::sync() const {
  if (calls_->fdatasync(file_.get()) == 0) return {};
  return std::unexpected(sink_error(errno, "audit log " + path_.string() + " cannot be synced"));
}

void LogFile::set_content(std::uint64_t first_seq, const Chain& last) {
  first_seq_ = first_seq;
  last_ = last;
}

// After a failed fdatasync the kernel calls the pages clean that it could not write: a second
// fdatasync says yes, and reading gives the cached bytes, which the disk may not have. So the clean
// pages are dropped first (POSIX_FADV_DONTNEED) and what was not known to be synced is read again,
// now from the disk, and has to lead, hash by hash, to the last line that we acknowledged.
base::Result<LogFile::Verdict> LogFile::check_content(int fd) const {
  (void)::posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
  LineReader reader(fd, synced_size_, size_);
  std::string_view line;
  Chain chain;
  bool started = false;
  for (;;) {
    auto more = reader.next(line);
    if (!more) return Verdict::kLost;
    if (!*more) break;
    const auto head = read_line_head(line);
    if (!head || (started && head->before() != chain)) return Verdict::kLost;
    chain = head->after();
    started = true;
  }
  if (started && chain != last_) return Verdict::kLost;
  return reader.offset() == size_ ? Verdict::kIntact : Verdict::kLost;
}

base::Result<LogFile::Verdict> LogFile::reopen(std::shared_ptr<LogFile>& fresh) const {
  auto opened = open(path_, *calls_);
  if (!opened && opened.error().code == Code::kNotFound) return Verdict::kLost;
  // A link or a folder in its place: not ours.
  if (!opened && opened.error().code == Code::kInvalid) return Verdict::kLost;
  if (!opened) return base::pass(opened);
  LogFile& file = **opened;
  if (file.inode_ != inode_ || file.device_ != device_ || file.size_ < size_) return Verdict::kLost;
  // What is there beyond the acknowledged lines is the rest of a failed write, or not ours.
  if (auto cut = file.cut_to(size_); !cut) return base::pass(cut);
  auto verdict = check_content(file.fd());
  if (!verdict || *verdict == Verdict::kLost) return verdict;
  if (auto synced = file.sync(); !synced) return base::pass(synced);
  file.set_content(first_seq_, last_);
  file.set_synced(size_);
  fresh = std::move(*opened);
  return Verdict::kIntact;
}

}  // namespace sutler::audit
