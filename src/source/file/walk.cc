#include "source/file/walk.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <optional>
#include <utility>
#include <vector>

namespace sutler::source {
namespace {

using base::FileDescriptor;
using Fault = WalkFault::Kind;

constexpr int kLinksMax = 40;  // as Linux itself
constexpr int kTriesMax = 5;
constexpr std::size_t kReadBytes = 64 * 1024;

std::unexpected<WalkFault> fault(Fault kind, int error = 0) {
  return std::unexpected(WalkFault{kind, error});
}

std::unexpected<WalkFault> fault_of(int error) {
  if (error == ENOENT || error == ENOTDIR) return fault(Fault::kMissing, error);
  if (error == EACCES || error == EPERM) return fault(Fault::kDenied, error);
  return fault(Fault::kUnreadable, error);
}

std::int64_t nanoseconds(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

class Walker {
 public:
  Walker(std::string_view path, const std::function<void(int)>& visit) : visit_(visit) {
    push(path);
  }

  std::expected<FilePlace, WalkFault> from(int root) {
    FileDescriptor start(::fcntl(root, F_DUPFD_CLOEXEC, 3));
    if (!start.is_open()) return fault_of(errno);
    enter(std::move(start));
    while (!words_.empty()) {
      const std::string word = std::exchange(words_.back(), {});
      words_.pop_back();
      if (word == "..") {
        if (folders_.size() == 1) return fault(Fault::kOutside);
        folders_.pop_back();
        continue;
      }
      auto found = step(word);
      if (!found) return std::unexpected(found.error());
      if (*found) return std::move(**found);
    }
    return fault(Fault::kNoFile);  // ends at a folder
  }

 private:
  // The last word is on top of nothing: they are taken from the back.
  void push(std::string_view path) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at <= path.size();) {
      const std::size_t end = std::min(path.find('/', at), path.size());
      const std::string_view word = path.substr(at, end - at);
      if (!word.empty() && word != ".") words.emplace_back(word);
      at = end + 1;
    }
    words_.insert(words_.end(), words.rbegin(), words.rend());
  }

  void enter(FileDescriptor folder) {
    if (visit_) visit_(folder.get());
    folders_.push_back(std::move(folder));
  }

  // A folder is entered, a link is pushed; the file at the end is given.
  std::expected<std::optional<FilePlace>, WalkFault> step(const std::string& word) {
    FileDescriptor at(
        ::openat(folders_.back().get(), word.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    struct stat status{};
    if (!at.is_open() || ::fstat(at.get(), &status) != 0) return fault_of(errno);
    if (S_ISLNK(status.st_mode)) return follow(at.get());
    if (S_ISDIR(status.st_mode)) {
      enter(std::move(at));
      return std::nullopt;
    }
    if (!words_.empty()) return fault(Fault::kMissing, ENOTDIR);
    if (!S_ISREG(status.st_mode)) return fault(Fault::kNoFile);
    return FilePlace{std::move(folders_.back()), word, fingerprint_of(status)};
  }

  std::expected<std::optional<FilePlace>, WalkFault> follow(int link) {
    if (++links_ > kLinksMax) return fault(Fault::kUnreadable, ELOOP);
    std::array<char, PATH_MAX> target;
    const auto bytes = ::readlinkat(link, "", target.data(), target.size());
    if (bytes < 0) return fault_of(errno);
    const std::string_view text(target.data(), static_cast<std::size_t>(bytes));
    if (text.starts_with('/')) return fault(Fault::kOutside);
    push(text);
    return std::nullopt;
  }

  const std::function<void(int)>& visit_;
  std::vector<FileDescriptor> folders_;
  std::vector<std::string> words_;
  int links_ = 0;
};

std::expected<base::Secret, WalkFault> read_open(int file, std::size_t bytes_max) {
  std::string bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    const std::size_t most = std::min(kReadBytes, bytes_max + 1 - before);
    bytes.resize(before + most);
    const auto got = ::read(file, bytes.data() + before, most);
    const int error = errno;
    bytes.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return base::Secret(std::move(bytes));
    if (got < 0 && error != EINTR) return fault_of(error);
    if (bytes.size() > bytes_max) return fault(Fault::kTooLarge);
  }
}

// Nothing: it changed while it was read.
std::expected<std::optional<FileContent>, WalkFault> read_place(const FilePlace& place,
                                                                std::size_t bytes_max) {
  const FileDescriptor file(::openat(place.folder.get(), place.name.c_str(),
                                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  struct stat before{}, after{};
  if (!file.is_open()) {
    if (errno == ELOOP || errno == ENOENT) return std::nullopt;  // renamed over since
    return fault_of(errno);
  }
  if (::fstat(file.get(), &before) != 0) return fault_of(errno);
  if (!S_ISREG(before.st_mode)) return fault(Fault::kNoFile);
  if (std::cmp_greater(before.st_size, bytes_max)) return fault(Fault::kTooLarge);
  auto bytes = read_open(file.get(), bytes_max);
  if (!bytes) return std::unexpected(bytes.error());
  if (::fstat(file.get(), &after) != 0) return fault_of(errno);
  // Its links may change (it is renamed over): what was read is whole all the same.
  if (before.st_size != after.st_size ||
      nanoseconds(before.st_mtim) != nanoseconds(after.st_mtim)) {
    return std::nullopt;
  }
  return FileContent{std::move(*bytes), fingerprint_of(before)};
}

}  // namespace

Fingerprint fingerprint_of(const struct stat& status) {
  return {status.st_dev, status.st_ino, status.st_size, nanoseconds(status.st_mtim),
          nanoseconds(status.st_ctim)};
}

std::expected<FilePlace, WalkFault> walk(int root, std::string_view path,
                                         const std::function<void(int)>& visit) {
  return Walker(path, visit).from(root);
}

std::expected<FileContent, WalkFault> read_below(int root, std::string_view path,
                                                 std::size_t bytes_max,
                                                 const std::function<void(int)>& visit) {
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto place = walk(root, path, visit);
    if (!place) return std::unexpected(place.error());
    auto content = read_place(*place, bytes_max);
    if (!content) return std::unexpected(content.error());
    if (*content) return std::move(**content);
  }
  return fault(Fault::kUnreadable, EBUSY);
}

}  // namespace sutler::source
