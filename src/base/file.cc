#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

namespace sutler::base {

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = other.release();
  }
  return *this;
}

int FileDescriptor::release() { return std::exchange(fd_, -1); }

void FileDescriptor::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

namespace {

// The way out, where the system's word for it does not say so by itself; else empty.
std::string way_out_of(int error) {
  switch (error) {
    case EACCES:
    case EPERM: return "look at its owner and mode, and at the user that runs this";
    case EROFS: return "the file system is mounted read-only: mount it so that it can be written";
    case ENOSPC:
    case EDQUOT: return "make room there";
    case EMFILE:
    case ENFILE: return "raise the limit of open files (ulimit -n)";
    default: return {};
  }
}

}  // namespace

Unexpected fail_errno(int error, std::string what) {
  const Code code = error == ENOENT                                         ? Code::kNotFound
                    : error == EACCES || error == EPERM                     ? Code::kRefused
                    : error == ENOSPC || error == EDQUOT                    ? Code::kNoSpace
                    : error == EISDIR || error == ENOTDIR || error == ELOOP ? Code::kInvalid
                                                                            : Code::kInternal;
  return fail(code, std::move(what) + ": " + std::generic_category().message(error),
              way_out_of(error));
}

namespace {

Result<Secret> read_all(int fd, std::size_t bytes_max, const std::string& name) {
  std::string content;
  for (;;) {
    const std::size_t have = content.size();
    // Grown by hand: a string that grows by itself would leave copies of its content behind.
    std::string larger;
    larger.reserve(have == 0 ? 16 * 1024 : have * 2 + 1);
    larger = content;
    larger.resize(larger.capacity());
    wipe(content);
    content.swap(larger);
    const ssize_t got = ::read(fd, content.data() + have, content.size() - have);
    const int error = errno;
    content.resize(have + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return Secret(std::move(content));
    if (got < 0 && error != EINTR) {
      wipe(content);
      return fail_errno(error, name + " cannot be read");
    }
    if (content.size() > bytes_max) {
      wipe(content);
      return fail(Code::kTooLarge,
                  name + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
  }
}

}  // namespace

Result<Secret> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return fail_errno(errno, "file " + path.string() + " cannot be opened");
  return read_all(file.get(), bytes_max, "file " + path.string());
}

Result<Secret> read_standard_input(std::size_t bytes_max) {
  return read_all(STDIN_FILENO, bytes_max, "standard input");
}

Secret strip_single_newline(Secret content) {
  const std::string_view text = content.expose();
  if (text.ends_with('\n') && text.find('\n') == text.size() - 1) {
    return Secret(text.substr(0, text.size() - (text.ends_with("\r\n") ? 2 : 1)));
  }
  return content;
}

Result<void> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(fd, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "write failed");
    bytes.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content, unsigned mode,
                        Overwrite overwrite) {
  // A name of its own each time: one that a crash left behind must not be in the way.
  std::string temporary = path.string() + ".new.XXXXXX";
  FileDescriptor file(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!file.is_open()) return fail_errno(errno, "file " + path.string() + " cannot be created");
  Result<void> written;
  if (::fchmod(file.get(), mode) != 0) written = fail_errno(errno, "its mode cannot be set");
  if (written) written = write_all(file.get(), content);
  if (written && ::fsync(file.get()) != 0) written = fail_errno(errno, "sync failed");
  if (!written) {
    ::unlink(temporary.c_str());
    return pass(written, "file " + path.string());
  }
  const int done = overwrite == Overwrite::kReplace ? ::rename(temporary.c_str(), path.c_str())
                                                    : ::link(temporary.c_str(), path.c_str());
  const int error = errno;
  if (overwrite == Overwrite::kRefuse || done != 0) ::unlink(temporary.c_str());
  if (done != 0 && error == EEXIST) {
    return fail(Code::kConflict, "file " + path.string() + " exists already");
  }
  if (done != 0) return fail_errno(error, "file " + path.string() + " cannot be created");
  // The name itself must survive a power loss as well.
  sync_folder(path.parent_path());
  return {};
}

void sync_folder(const std::filesystem::path& path) {
  const FileDescriptor folder(
      ::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.is_open()) (void)::fsync(folder.get());
}

Result<void> require_private(const std::filesystem::path& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) != 0) {
    return fail_errno(errno, "file " + path.string() + " cannot be opened");
  }
  if ((info.st_mode & 077) != 0) {
    return fail(Code::kRefused, "file " + path.string() + " may be read or written by others",
                "chmod 600 " + path.string());
  }
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return fail(Code::kRefused, "file " + path.string() + " belongs to another user",
                "chown it to the user that runs sutler");
  }
  return {};
}

}  // namespace sutler::base
