// What the log does after its sink has failed: it is not used until it was opened again and found
// to end where we left it; otherwise a new file goes on with the chain.
#include <sys/stat.h>

#include <utility>

#include "audit/log_impl.h"
#include "base/clock.h"
#include "base/log.h"

namespace sutler::audit {
namespace {

// Reading the end of a file again costs more than a fetch may wait for, over and over.
constexpr double kRepairPauseSeconds = 0.1;

}  // namespace

void Log::Impl::fail_sink(const base::Error& error) {
  if (!failed_) {
    repair_not_before_ = 0;  // the first try is at once
    ++failures_;
  }
  failed_ = error;
  sink_news_.report(std::unexpected(error));
  if (idle_) work_.notify_one();
}

base::Result<void> Log::Impl::repair() {
  const double now = base::monotonic_seconds();
  if (now < repair_not_before_) return std::unexpected(*failed_);
  repair_not_before_ = now + kRepairPauseSeconds;
  auto repaired = repair_folder();
  if (repaired) repaired = repair_rotated();
  if (repaired) repaired = repair_file();
  if (repaired && folder_unsynced_) repaired = sync_folder();
  if (!repaired) {
    failed_ = repaired.error();
    return repaired;
  }
  folder_unsynced_ = false;
  failed_.reset();
  sink_news_.report({});
  return {};
}

// Removed with all that was in it, or another in its place.
base::Result<void> Log::Impl::repair_folder() {
  struct stat ours{}, there{};
  const bool is_ours = ::fstat(folder_.get(), &ours) == 0 &&
                       ::stat(options_.folder.c_str(), &there) == 0 &&
                       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
  if (is_ours) return {};
  return open_folder();
}

base::Result<void> Log::Impl::repair_file() {
  std::shared_ptr<LogFile> fresh;
  const auto verdict = file_->reopen(fresh);
  if (!verdict) return std::unexpected(verdict.error());
  if (*verdict == LogFile::Verdict::kLost) return go_on_in_new_file();
  file_ = std::move(fresh);
  synced_seq_ = file_seq();
  return {};
}

// Nothing can be added to a rotated file, so what is lost of it stays lost: it is told of, and
// verify_files() finds the gap.
base::Result<void> Log::Impl::repair_rotated() {
  while (!unsynced_.empty()) {
    std::shared_ptr<LogFile> fresh;
    const auto verdict = unsynced_.front()->reopen(fresh);
    if (!verdict) return std::unexpected(verdict.error());
    if (*verdict == LogFile::Verdict::kLost) {
      base::log::error("lines of a rotated audit log are lost",
                       {{"file", unsynced_.front()->path().native()}});
      owed_.push_back({"audit.recovered", "rotated_file_lost"});
      lost_after_ = synced_seq_;
      lost_through_ = file_seq();
    }
    unsynced_.erase(unsynced_.begin());
  }
  return {};
}

base::Result<void> Log::Impl::go_on_in_new_file() {
  // A file that is still ours keeps its place in the order of the log, whatever is left in it.
  const std::uint64_t first_seq = file_->is_in_place() ? file_->first_seq() : 0;
  auto begun = begin_current(options_.folder, first_seq, *options_.calls);
  if (!begun) return base::pass(begun);
  base::log::error(
      "lines of the audit log are lost: a new file goes on with the chain",
      {{"last_seq", static_cast<std::int64_t>(chain_.seq())}, {"aside", begun->aside.native()}});
  file_ = std::move(begun->file);
  folder_unsynced_ = true;
  lost_after_ = synced_seq_;
  lost_through_ = file_seq();
  owed_.push_back({"audit.recovered", "file_lost"});
  // Where this fails the next append writes it, in front of its own lines.
  (void)write_own(Space::kReserve);
  return {};
}

}  // namespace sutler::audit
