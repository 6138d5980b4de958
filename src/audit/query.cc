#include "audit/query.h"

#include <fcntl.h>
#include <string.h>  // memmem, memrchr
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <memory>
#include <span>

#include "audit/line.h"
#include "audit/log_start.h"
#include "audit/verify.h"
#include "base/file.h"

namespace sutler::audit {

using base::Code;
using base::fail;

namespace {

// What is read at once: it stays in the processor's cache, and a file that is cut meanwhile gives a
// short read where a mapping would kill the process.
constexpr std::size_t kChunkBytes = 1024 * 1024;

std::uint64_t seq_of(std::string_view line) {
  constexpr std::string_view kStart = R"({"seq":)";
  std::uint64_t seq = 0;
  if (!line.starts_with(kStart)) return 0;
  const char* const end = line.data() + line.size();
  const auto read = std::from_chars(line.data() + kStart.size(), end, seq);
  return read.ec == std::errc() ? seq : 0;
}

struct OpenFile {
  base::FileDescriptor fd;
  std::uint64_t size = 0;
  std::uint64_t first_seq = 0;  // 0: it has no line yet
  ino_t inode = 0;
};

class Buffer {
 public:
  // Reads up to `size` bytes from `offset` on.
  base::Result<std::string_view> read(const OpenFile& file, std::uint64_t offset,
                                      std::size_t size) {
    if (size > capacity_) {
      bytes_ = std::make_unique_for_overwrite<char[]>(size);
      capacity_ = size;
    }
    std::size_t have = 0;
    while (have < size) {
      const ssize_t got = ::pread(file.fd.get(), bytes_.get() + have, size - have,
                                  static_cast<off_t>(offset + have));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) {
        return fail(Code::kInternal,
                    base::fail_errno(errno, "the audit log cannot be read").error().message);
      }
      if (got == 0) break;
      have += static_cast<std::size_t>(got);
    }
    return std::string_view(bytes_.get(), have);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t capacity_ = 0;
};

base::Result<std::optional<OpenFile>> open_file(const std::filesystem::path& path) {
  OpenFile file;
  file.fd = base::FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.fd.is_open()) {
    if (errno == ENOENT) return std::optional<OpenFile>();  // by retention, just now
    return base::fail_errno(errno, "audit log " + path.string());
  }
  struct stat info{};
  if (::fstat(file.fd.get(), &info) != 0) {
    return base::fail_errno(errno, "audit log " + path.string());
  }
  file.size = static_cast<std::uint64_t>(info.st_size);
  file.inode = info.st_ino;
  char start[64] = {};
  const ssize_t got = ::pread(file.fd.get(), start, sizeof start, 0);
  if (got > 0) file.first_seq = seq_of({start, static_cast<std::size_t>(got)});
  return std::optional(std::move(file));
}

// All files, oldest first. The current one is opened before the folder is read: when it is rotated
// in between it is seen twice, and not never.
base::Result<std::vector<OpenFile>> open_files(const std::filesystem::path& folder) {
  auto current = open_file(current_file_path(folder));
  if (!current) return base::pass(current);
  auto paths = log_files(folder);
  if (!paths) return base::pass(paths);
  std::vector<OpenFile> files;
  for (const auto& path : *paths) {
    if (path == current_file_path(folder)) continue;
    auto file = open_file(path);
    if (!file) return base::pass(file);
    if (!*file || (*file)->first_seq == 0) continue;
    if (*current && (*current)->inode == (*file)->inode) continue;
    files.push_back(std::move(**file));
  }
  if (*current && (*current)->first_seq != 0) files.push_back(std::move(**current));
  std::ranges::stable_sort(files, {}, &OpenFile::first_seq);
  return files;
}

// What to look for in all chunks, by the first one that is searched.
class Needle {
 public:
  explicit Needle(const LineMatcher& matcher) : matcher_(matcher) {}
  [[nodiscard]] std::string_view in(std::string_view chunk) {
    constexpr std::size_t kSampleBytes = 256 * 1024;
    if (!text_) text_ = matcher_.needle(chunk.substr(0, kSampleBytes));
    return *text_;
  }

 private:
  const LineMatcher& matcher_;
  std::optional<std::string_view> text_;
};

// The lines of `chunk` that may match, in order; `take` says whether to go on.
template <class Take>
bool candidates(std::string_view chunk, std::string_view needle, const Take& take) {
  std::size_t at = 0;
  while (at < chunk.size()) {
    std::size_t from = at;
    if (!needle.empty()) {
      const void* found =
          ::memmem(chunk.data() + at, chunk.size() - at, needle.data(), needle.size());
      if (found == nullptr) return true;
      const auto hit = static_cast<std::size_t>(static_cast<const char*>(found) - chunk.data());
      const void* before = ::memrchr(chunk.data() + at, '\n', hit - at);
      if (before != nullptr) {
        from = static_cast<std::size_t>(static_cast<const char*>(before) - chunk.data()) + 1;
      }
    }
    const void* newline = ::memchr(chunk.data() + from, '\n', chunk.size() - from);
    if (newline == nullptr) return true;
    const auto end = static_cast<std::size_t>(static_cast<const char*>(newline) - chunk.data());
    if (!take(chunk.substr(from, end - from))) return false;
    at = end + 1;
  }
  return true;
}

// Whole lines only; npos: there is none.
std::size_t end_of_lines(std::string_view bytes) {
  const std::size_t newline = bytes.rfind('\n');
  return newline == std::string_view::npos ? std::string_view::npos : newline + 1;
}

std::uint64_t last_seq_in(std::string_view lines) {
  if (lines.size() < 2) return 0;
  const std::size_t before = lines.rfind('\n', lines.size() - 2);
  return seq_of(lines.substr(before == std::string_view::npos ? 0 : before + 1));
}

// Chunks of whole lines, from the start of a file to its end. `see` says whether to go on.
template <class See>
base::Result<bool> forward(const OpenFile& file, Buffer& buffer, const See& see) {
  std::uint64_t offset = 0;
  std::size_t size = kChunkBytes;
  while (offset < file.size) {
    auto bytes = buffer.read(file, offset, std::min<std::uint64_t>(size, file.size - offset));
    if (!bytes) return base::pass(bytes);
    const std::size_t end = end_of_lines(*bytes);
    if (end == std::string_view::npos) {
      // A line that is longer than the chunk, or the torn end of the file.
      if (bytes->size() < size || size > kLineBytesMax) return true;
      size *= 2;
      continue;
    }
    if (!see(bytes->substr(0, end))) return false;
    offset += end;
    size = kChunkBytes;
  }
  return true;
}

// The same from the end of the file to its start.
template <class See>
base::Result<bool> backward(const OpenFile& file, Buffer& buffer, const See& see) {
  std::uint64_t end = file.size;
  std::size_t size = kChunkBytes;
  while (end > 0) {
    const std::uint64_t start = end > size ? end - size : 0;
    auto bytes = buffer.read(file, start, static_cast<std::size_t>(end - start));
    if (!bytes) return base::pass(bytes);
    std::string_view lines = *bytes;
    // Of the first chunk what follows the last newline is torn; all others end in one.
    const std::size_t whole = end_of_lines(lines);
    std::size_t skipped = 0;
    if (start > 0) {
      const std::size_t newline = lines.find('\n');
      skipped = newline == std::string_view::npos ? std::string_view::npos : newline + 1;
    }
    if (whole == std::string_view::npos || skipped == std::string_view::npos || skipped >= whole) {
      if (start == 0) return true;
      if (size > 2 * kLineBytesMax) return true;
      size *= 2;
      continue;
    }
    lines = lines.substr(skipped, whole - skipped);
    if (!see(lines)) return false;
    end = start + skipped;
    size = kChunkBytes;
  }
  return true;
}

class Search {
 public:
  explicit Search(const Ask& ask) : ask_(ask), matcher_(ask.filter) {
    page_.last_seq = ask.cursor.value_or(0);
  }

  base::Result<Page> oldest_first(const std::vector<OpenFile>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      // All of this file is before the cursor when the next one starts at or before it.
      if (ask_.cursor && i + 1 < files.size() && files[i + 1].first_seq <= *ask_.cursor + 1) {
        continue;
      }
      auto more = forward(files[i], buffer_, [this](std::string_view lines) {
        const std::uint64_t last = last_seq_in(lines);
        if (ask_.cursor && last <= *ask_.cursor) return true;
        const bool on = candidates(lines, needle_.in(lines),
                                   [this](std::string_view line) { return check(line); });
        if (on) page_.last_seq = std::max(page_.last_seq, last);
        return on;
      });
      if (!more) return base::pass(more);
      if (!*more) break;
    }
    return std::move(page_);
  }

  base::Result<Page> newest_first(const std::vector<OpenFile>& files) {
    for (std::size_t i = files.size(); i-- > 0;) {
      if (ask_.cursor && files[i].first_seq >= *ask_.cursor) continue;
      auto more = backward(files[i], buffer_, [this](std::string_view lines) {
        page_.last_seq = std::max(page_.last_seq, last_seq_in(lines));
        found_.clear();
        candidates(lines, needle_.in(lines), [this](std::string_view line) {
          found_.push_back(line);
          return true;
        });
        for (std::size_t at = found_.size(); at-- > 0;) {
          if (!check(found_[at])) return false;
        }
        return true;
      });
      if (!more) return base::pass(more);
      if (!*more) break;
    }
    return std::move(page_);
  }

 private:
  // False: the page is full.
  bool check(std::string_view line) {
    const std::uint64_t seq = seq_of(line);
    if (seq == 0) return true;
    if (ask_.cursor) {
      const bool seen =
          ask_.order == Order::kOldestFirst ? seq <= *ask_.cursor : seq >= *ask_.cursor;
      if (seen) return true;
    }
    if (!matcher_.matches(line)) return true;
    if (ask_.accept && !ask_.accept(line)) return true;
    const bool full = page_.records.size() >= ask_.limit ||
                      (!page_.records.empty() && bytes_ + line.size() > ask_.bytes_max);
    if (full) {
      page_.next = page_.records.back().seq;
      page_.last_seq = std::max(page_.last_seq, page_.records.back().seq);
      return false;
    }
    bytes_ += line.size();
    page_.records.push_back({seq, std::string(line)});
    return true;
  }

  const Ask& ask_;
  const LineMatcher matcher_;
  Needle needle_{matcher_};
  Buffer buffer_;
  std::vector<std::string_view> found_;
  Page page_;
  std::size_t bytes_ = 0;
};

}  // namespace

base::Result<Page> query(const std::filesystem::path& folder, const Ask& ask) {
  if (auto good = check_filter(ask.filter); !good) return base::pass(good);
  if (ask.limit == 0) return fail(Code::kInvalid, "limit is a number from 1");
  auto files = open_files(folder);
  if (!files) return base::pass(files);
  Search search(ask);
  return ask.order == Order::kOldestFirst ? search.oldest_first(*files)
                                          : search.newest_first(*files);
}

base::Result<void> for_each_record(
    const std::filesystem::path& folder, const Filter& filter,
    const std::function<bool(std::uint64_t seq, std::string_view line)>& take) {
  if (auto good = check_filter(filter); !good) return base::pass(good);
  auto files = open_files(folder);
  if (!files) return base::pass(files);
  const LineMatcher matcher(filter);
  Needle needle(matcher);
  Buffer buffer;
  for (const OpenFile& file : *files) {
    auto more = forward(file, buffer, [&](std::string_view lines) {
      return candidates(lines, needle.in(lines), [&](std::string_view line) {
        return !matcher.matches(line) || take(seq_of(line), line);
      });
    });
    if (!more) return base::pass(more);
    if (!*more) return {};
  }
  return {};
}

}  // namespace sutler::audit
