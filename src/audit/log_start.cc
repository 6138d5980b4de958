#include "audit/log_start.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>

#include "audit/line_reader.h"
#include "audit/verify.h"

namespace sutler::audit {

using base::Code;
using base::fail;

std::filesystem::path current_file_path(const std::filesystem::path& folder) {
  return folder / "current.jsonl";
}

std::filesystem::path rotated_file_path(const std::filesystem::path& folder,
                                        std::uint64_t first_seq) {
  std::string digits = std::to_string(first_seq);
  if (digits.size() < 12) digits.insert(0, 12 - digits.size(), '0');
  return folder / ("audit-" + digits + ".jsonl");
}

namespace {

base::Error rename_error(int error, const std::filesystem::path& path) {
  base::Error made =
      base::fail_errno(error, "audit log " + path.string() + " cannot be renamed").error();
  if (made.code != Code::kNoSpace) made.code = Code::kInternal;
  return made;
}

// Never in the place of another file.
bool rename_to(const std::filesystem::path& from, const std::filesystem::path& to) {
  return ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0;
}

base::Result<std::filesystem::path> set_aside(const std::filesystem::path& path,
                                              std::uint64_t first_seq) {
  const auto folder = path.parent_path();
  if (first_seq > 0) {
    const auto target = rotated_file_path(folder, first_seq);
    if (rename_to(path, target)) return target;
    if (errno != EEXIST) return std::unexpected(rename_error(errno, path));
  }
  for (int number = 1; number <= 1000; ++number) {
    const auto target = folder / ("aside-" + std::to_string(number) + ".jsonl");
    if (rename_to(path, target)) return target;
    if (errno != EEXIST) break;
  }
  return std::unexpected(rename_error(errno, path));
}

}  // namespace

base::Result<Begun> begin_current(const std::filesystem::path& folder,
                                  std::uint64_t present_first_seq, const FileCalls& calls) {
  const auto path = current_file_path(folder);
  // Made under another name first: where there is no room for a file the old one stays in place.
  const auto fresh_path = folder / "current.jsonl.new";
  (void)::unlink(fresh_path.c_str());
  auto fresh = LogFile::create(fresh_path, calls);
  if (!fresh) return base::pass(fresh);
  Begun begun{.file = std::move(*fresh), .aside = {}};
  struct stat info{};
  if (::lstat(path.c_str(), &info) == 0) {
    auto aside = set_aside(path, present_first_seq);
    if (!aside) {
      (void)::unlink(fresh_path.c_str());
      return base::pass(aside);
    }
    begun.aside = std::move(*aside);
  }
  if (!rename_to(fresh_path, path)) {
    auto error = rename_error(errno, fresh_path);
    if (!begun.aside.empty()) (void)rename_to(begun.aside, path);
    (void)::unlink(fresh_path.c_str());
    return std::unexpected(std::move(error));
  }
  begun.file->set_path(path);
  return begun;
}

namespace {

struct Content {
  std::uint64_t first_seq = 0;  // 0: no line
  Chain last;
  std::string node;
  bool ends_in_checkpoint = false;
  std::uint64_t bytes = 0;  // of good lines, from the start of the file
};

base::Unexpected not_known(std::uint64_t seq, const std::filesystem::path& path) {
  return fail(Code::kCorrupt,
              "audit log " + path.string() + ": the line " + std::to_string(seq) +
                  " is not the one whose checkpoint was kept in the store",
              "the log was written anew by somebody: keep it as evidence and move it away");
}

base::Unexpected broken_at(const LogFile& file, std::uint64_t line, const std::string& what) {
  return fail(Code::kCorrupt,
              "audit log " + file.path().string() + ":" + std::to_string(line) + ": " + what,
              "sutler audit verify tells more; keep the file as evidence and move it away");
}

// Our lines never hold a NUL; a file system that lost power leaves them where a block of a grown
// file was not written.
bool has_hole(std::string_view text) { return text.find('\0') != std::string_view::npos; }

base::Result<Content> read_content(const LogFile& file, const Chain& known) {
  Content content;
  LineReader reader(file.fd());
  std::string_view line;
  for (std::uint64_t number = 1;; ++number) {
    auto more = reader.next(line);
    if (!more && more.error().code == Code::kInternal) {
      return base::pass(more, file.path().string());
    }
    if (!more && !has_hole(reader.rest())) return broken_at(file, number, more.error().message);
    if (!more || !*more) return content;
    const auto head = read_line_head(line);
    if (!head && has_hole(line)) return content;
    if (!head) return broken_at(file, number, head.error().message);
    const Chain before = head->before();
    if (content.first_seq == 0) {
      content.first_seq = head->seq;
      if (before.seq() == 0 && before != Chain()) {
        return broken_at(file, number, "the first line of the log has a line before it");
      }
      if (before.seq() == known.seq() && before != known)
        return not_known(known.seq(), file.path());
    } else if (before != content.last) {
      return broken_at(file, number, "the line does not follow the one before it");
    }
    content.last = head->after();
    if (content.node != head->node) content.node = head->node;
    content.ends_in_checkpoint = head->checkpoint;
    content.bytes = reader.offset();
    if (head->seq == known.seq() && content.last != known) {
      return not_known(known.seq(), file.path());
    }
  }
}

base::Result<Start> read_current(const std::shared_ptr<LogFile>& file, const Chain& known) {
  auto content = read_content(*file, known);
  if (!content) return base::pass(content);
  Start start;
  start.file = file;
  start.chain = content->last;
  start.node = content->node;
  start.ends_in_checkpoint = content->ends_in_checkpoint;
  start.torn_bytes = file->size() - content->bytes;
  if (auto cut = file->cut_to(content->bytes); !cut) return base::pass(cut);
  file->set_content(content->first_seq, content->last);
  return start;
}

// Where the chain stands when the current file does not say: at the end of the last rotated one.
base::Result<void> continue_rotated(Start& start, const std::filesystem::path& folder,
                                    const Chain& known, const FileCalls& calls) {
  const auto files = log_files(folder);
  if (!files) return {};
  for (auto path = files->rbegin(); path != files->rend(); ++path) {
    if (*path == current_file_path(folder)) continue;
    auto file = LogFile::open(*path, calls);
    if (!file) return base::pass(file);
    auto content = read_content(**file, known);
    if (!content) return base::pass(content);
    if (content->first_seq == 0) continue;
    start.chain = content->last;
    start.node = content->node;
    start.ends_in_checkpoint = content->ends_in_checkpoint;
    return {};
  }
  return {};
}

}  // namespace

base::Result<Start> find_start(const std::filesystem::path& folder, const Chain& known,
                               const FileCalls& calls) {
  Start start;
  auto file = LogFile::open(current_file_path(folder), calls);
  if (!file && file.error().code != Code::kNotFound) return base::pass(file);
  if (file) {
    auto read = read_current(*file, known);
    if (!read) return read;
    start = std::move(*read);
  }
  if (start.chain.seq() == 0) {
    if (auto done = continue_rotated(start, folder, known, calls); !done) return base::pass(done);
  }
  if (start.chain.seq() < known.seq()) {
    start.missing_lines = known.seq() - start.chain.seq();
    start.chain = known;
    start.ends_in_checkpoint = false;
  }
  return start;
}

std::string node_of_log(const std::filesystem::path& folder) {
  const auto files = log_files(folder);
  if (!files) return {};
  for (auto path = files->rbegin(); path != files->rend(); ++path) {
    const base::FileDescriptor file(::open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!file.is_open()) continue;
    // A line of the end is enough; where even the last one is longer, the file is read from its
    // start.
    for (const std::uint64_t back : {std::uint64_t{64 * 1024}, UINT64_MAX}) {
      struct stat info{};
      if (::fstat(file.get(), &info) != 0) return {};
      const auto size = static_cast<std::uint64_t>(info.st_size);
      LineReader reader(file.get(), size > back ? size - back : 0);
      std::string_view line;
      std::optional<std::string> node;
      for (auto more = reader.next(line); more && *more; more = reader.next(line)) {
        if (const auto head = read_line_head(line)) node = head->node;
      }
      if (node) return *node;
    }
  }
  return {};
}

}  // namespace sutler::audit
