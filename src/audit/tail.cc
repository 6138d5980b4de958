#include "audit/tail.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "audit/chunk.h"
#include "audit/line_reader.h"
#include "audit/log_start.h"
#include "audit/verify.h"
#include "base/file.h"

namespace sutler::audit {

using base::Code;
using base::Result;

struct Tail::File {
  std::filesystem::path path;
  base::FileDescriptor fd;
  ino_t inode = 0;
  std::uint64_t first_seq = 0;
};

namespace {

// Nothing: it is gone, or has no line yet.
template <class File>
Result<bool> open_file(const std::filesystem::path& path, File& file) {
  file.path = path;
  file.fd = base::FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.fd.is_open() && errno == ENOENT) return false;
  struct stat info{};
  if (!file.fd.is_open() || ::fstat(file.fd.get(), &info) != 0) {
    return base::fail(Code::kInternal,
                      base::fail_errno(errno, "audit log " + path.string()).error().message);
  }
  file.inode = info.st_ino;
  char start[64] = {};
  const ssize_t got = ::pread(file.fd.get(), start, sizeof start, 0);
  if (got > 0) file.first_seq = seq_of_line({start, static_cast<std::size_t>(got)});
  return file.first_seq > 0;
}

}  // namespace

Result<void> Tail::read(std::uint64_t after, std::uint64_t last,
                        const std::function<Next(const Line&)>& take) {
  if (after >= last) return {};
  // The current one is opened first: when it is rotated meanwhile it is seen twice, and not never.
  std::vector<File> files(1);
  auto current = open_file(current_file_path(folder_), files.front());
  if (!current) return pass(current);
  if (!*current) files.clear();
  auto paths = log_files(folder_);
  if (!paths) return pass(paths);
  for (const auto& path : *paths) {
    if (path == current_file_path(folder_)) continue;
    File file;
    auto there = open_file(path, file);
    if (!there) return pass(there);
    const bool twice = !files.empty() && files.front().inode == file.inode;
    if (*there && !twice) files.push_back(std::move(file));
  }
  std::ranges::stable_sort(files, {}, &File::first_seq);
  for (std::size_t i = 0; i < files.size(); ++i) {
    const bool over = i + 1 < files.size() && files[i + 1].first_seq <= after + 1;
    if (over || files[i].first_seq > last) continue;
    auto more = read_file(files[i], after, last, take);
    if (!more) return pass(more, files[i].path.string());
    if (!*more) return {};
  }
  return {};
}

// False: enough.
Result<bool> Tail::read_file(const File& file, std::uint64_t after, std::uint64_t last,
                             const std::function<Next(const Line&)>& take) {
  const bool known = file.inode == inode_ && seq_ <= after && seq_ >= file.first_seq;
  LineReader reader(file.fd.get(), known ? offset_ : 0);
  std::string_view text;
  while (true) {
    auto more = reader.next(text);
    if (!more) return more;
    if (!*more) return true;  // the end, or a line that is being written
    const std::uint64_t seq = seq_of_line(text);
    if (seq > last) return false;
    if (seq > after) {
      auto head = read_line_head(text);
      if (!head) return pass(head);
      const auto place = seq == file.first_seq ? Line::Place::kFirstOfFile : Line::Place::kWithin;
      if (take({text, *head, place}) == Next::kStop) return false;
    }
    inode_ = file.inode;
    offset_ = reader.offset();
    seq_ = seq;
  }
}

}  // namespace sutler::audit
