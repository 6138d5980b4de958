// Removing the oldest files of the log. First a record says where the chain goes on, and a
// checkpoint signs it; then they go. So verify_files() can tell what was let go on purpose from
// what somebody took away.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "audit/line_reader.h"
#include "audit/log_impl.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "base/log.h"

namespace sutler::audit {

using base::fail;

namespace {

struct OldFile {
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  std::uint64_t first_seq = 0;
  Chain before;         // its first line
  base::UnixTime time;  // of its first line
};

// Nothing: it has no line.
std::optional<OldFile> look_at(const std::filesystem::path& path, const FileCalls& calls) {
  const auto file = LogFile::open(path, calls);
  if (!file) return std::nullopt;
  LineReader reader((*file)->fd());
  std::string_view line;
  const auto more = reader.next(line);
  if (!more || !*more) return std::nullopt;
  const auto head = read_line_head(line);
  if (!head) return std::nullopt;
  constexpr std::string_view kTime = R"("time":")";
  const std::size_t at = line.find(kTime);
  if (at == std::string_view::npos) return std::nullopt;
  const auto time = base::parse_rfc3339(line.substr(at + kTime.size(), 27));
  if (!time) return std::nullopt;
  return OldFile{path, (*file)->size(), head->seq, head->before(), *time};
}

}  // namespace

// How many of the files, which are in order, may go: the last one (the current) never.
std::size_t files_to_prune(const std::vector<std::uint64_t>& bytes,
                           const std::vector<base::UnixTime>& begins, const Keep& keep,
                           base::UnixTime now) {
  std::uint64_t total = 0;
  for (const std::uint64_t one : bytes) total += one;
  std::size_t count = 0;
  while (count + 1 < bytes.size()) {
    const bool large = keep.bytes > 0 && total > keep.bytes;
    // A file is as old as its last line, which is not younger than the first of the next one.
    const bool old =
        keep.days > 0 &&
        begins[count + 1].seconds() + static_cast<std::int64_t>(keep.days) * 86'400 < now.seconds();
    if (!large && !old) break;
    total -= bytes[count++];
  }
  return count;
}

base::Result<void> Log::Impl::prune_if_due() {
  if (options_.keep.bytes == 0 && options_.keep.days == 0) return {};
  auto paths = log_files(options_.folder);
  if (!paths || paths->size() < 2) return {};
  std::vector<OldFile> files;
  for (const auto& path : *paths) {
    auto file = look_at(path, *options_.calls);
    if (!file) break;  // an empty one: the current
    files.push_back(std::move(*file));
  }
  std::vector<std::uint64_t> bytes;
  std::vector<base::UnixTime> begins;
  for (const OldFile& file : files) {
    bytes.push_back(file.bytes);
    begins.push_back(file.time);
  }
  Keep keep = options_.keep;
  if (keep.days > 0 && options_.clock_trusted && !options_.clock_trusted()) keep.days = 0;
  const std::size_t count = files_to_prune(bytes, begins, keep, clock_.now());
  if (count == 0) return {};
  const Chain end = files[count].before;
  if (pruned_seq_ < end.seq()) {
    if (auto told = tell_pruned(files.front().first_seq, end); !told) return told;
    if (pruned_seq_ < end.seq()) return {};
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (::unlink(files[i].path.c_str()) != 0 && errno != ENOENT) {
      return base::fail_errno(errno, "audit log " + files[i].path.string());
    }
  }
  base::log::info("old files of the audit log were removed",
                  {{"files", static_cast<std::int64_t>(count)},
                   {"last_seq", static_cast<std::int64_t>(end.seq())}});
  return {};
}

// Once for each end: a file that cannot be removed is tried again without another record. While the
// log cannot be written nothing is told, and pruned_seq_ stays.
base::Result<void> Log::Impl::tell_pruned(std::uint64_t first_seq, const Chain& end) {
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex_);
    if (failed_ || low_space_) return {};
    if (auto written = write_pruned(end, end.seq() - first_seq + 1); !written) return written;
    seq = chain_.seq();
  }
  if (auto synced = sync_to(seq); !synced) return synced;
  pruned_seq_ = end.seq();
  return {};
}

base::Result<void> Log::Impl::write_pruned(const Chain& end, std::uint64_t lines) {
  Chain next = chain_;
  buffer_.clear();
  const Event event{.time = clock_.now(),
                    .event = kPrunedEvent,
                    .reason = "retention",
                    .count = lines,
                    .pruned_seq = end.seq(),
                    .pruned_hash = end.hash()};
  if (auto done = format_one(event, next); !done) return done;
  if (auto written = write_buffer(next, Space::kNormal); !written) return written;
  return write_tick_lines(Tick::kUsual);
}

}  // namespace sutler::audit
