// The background thread of the log: once a second, while there is something to do, it looks after
// the file and the reserve, signs a checkpoint, rotates, syncs, and hands the checkpoint over.
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <exception>
#include <utility>

#include "audit/log_impl.h"
#include "audit/verify.h"
#include "base/clock.h"
#include "base/log.h"

namespace sutler::audit {

using base::Code;
using base::fail;

void FailureNews::report(const base::Result<void>& result) {
  if (result.has_value() != failing_) return;  // no news
  failing_ = !result.has_value();
  if (failing_) {
    base::log::error(std::string(what_) + " fails", {{"error", result.error().message}});
  } else {
    base::log::info(std::string(what_) + " works again");
  }
}

Log::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    work_.notify_one();
    pace_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
}

void Log::Impl::run() {
  sigset_t all;  // signals are for the thread that waits for them
  sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    idle_ = true;
    work_.wait(lock, [this] { return stop_ || has_work(); });
    idle_ = false;
    // A whole interval passes before each round: that is what makes it one checkpoint a second.
    pace_.wait_for(lock, options_.checkpoint_every, [this] { return stop_; });
    if (stop_) break;
    lock.unlock();
    tick(Tick::kUsual);
    lock.lock();
  }
  lock.unlock();
  tick(Tick::kLast);
}

void Log::Impl::tick(Tick kind) {
  if (kind == Tick::kLast) {
    const std::lock_guard lock(mutex_);
    repair_not_before_ = 0;  // there is no later try
  }
  look_after_file();
  if (kind == Tick::kUsual) look_after_reserve();
  {
    const std::lock_guard lock(mutex_);
    if (!failed_) checkpoint_news_.report(write_tick_lines(kind));
  }
  rotation_news_.report(rotate_if_large());
  std::uint64_t seq = 0;
  {
    const std::lock_guard lock(mutex_);
    seq = chain_.seq();
  }
  // A failure is told of by fail_sink().
  if (sync_to(seq)) hand_over_checkpoint();
  const double now = base::monotonic_seconds();
  if (kind == Tick::kLast || now < prune_not_before_) return;
  // Ten seconds, where a checkpoint is made each second.
  prune_not_before_ = now + static_cast<double>(options_.checkpoint_every.count()) / 100;
  retention_news_.report(prune_if_due());
}

void Log::Impl::look_after_file() {
  const std::lock_guard lock(mutex_);
  if (!failed_) {
    if (auto intact = file_->check_path(); !intact) fail_sink(intact.error());
  }
  if (failed_) (void)repair();
}

void Log::Impl::look_after_reserve() {
  reserve_.look();
  if (!reserve_.is_intact()) reserve_news_.report(reserve_.restore());
  if (!reserve_.is_intact()) return;
  const std::lock_guard lock(mutex_);
  // Given up again in between, perhaps: then the next round sees it.
  if (!std::exchange(low_space_, false)) return;
  base::log::info("the disk of the audit log has room again: everything is recorded");
}

base::Result<void> Log::Impl::write_tick_lines(Tick kind) {
  Space space = Space::kNormal;
  if (kind == Tick::kLast) {
    // The count of what was dropped would be forgotten, and the end unsigned: worth the reserve.
    low_space_ = false;
    space = Space::kReserve;
  }
  if (low_space_) return {};
  if (auto written = write_own(space); !written) return written;
  if (ends_in_checkpoint_) return {};
  Chain next = chain_;
  buffer_.clear();
  append_checkpoint_line(buffer_, next, clock_.now(), key_, options_.node);
  if (auto written = write_buffer(next, space); !written) return written;
  ends_in_checkpoint_ = true;
  unkept_ = {next.seq(), std::string(next.hash())};
  return {};
}

base::Result<void> Log::Impl::rotate_if_large() {
  // Before mutex_: a sync of the file that is renamed must be over. No append waits for it.
  const std::lock_guard serial(sync_mutex_);
  const std::lock_guard lock(mutex_);
  const bool due = options_.rotate_bytes > 0 && file_->size() >= options_.rotate_bytes;
  if (!due || failed_ || low_space_) return {};
  // Lines may have come since the checkpoint of this round: a rotated file ends in one.
  if (auto written = write_tick_lines(Tick::kUsual); !written) return written;
  auto begun = begin_current(options_.folder, file_->first_seq(), *options_.calls);
  if (!begun) return base::pass(begun);
  file_->set_path(begun->aside);
  unsynced_.push_back(std::exchange(file_, std::move(begun->file)));
  folder_unsynced_ = true;
  return {};
}

void Log::Impl::hand_over_checkpoint() {
  Position checkpoint;
  {
    const std::lock_guard lock(mutex_);
    if (unkept_.seq == 0 || unkept_.seq > synced_seq_) return;
    checkpoint = std::exchange(unkept_, {});
  }
  if (!keep_checkpoint_) return;
  try {
    keep_checkpoint_(checkpoint);
  } catch (const std::exception& e) {
    base::log::error("audit checkpoint cannot be kept in the store", {{"error", e.what()}});
  }
}

base::Result<void> Log::Impl::settled(std::uint64_t seq) const {
  if (seq > lost_after_ && seq <= lost_through_) {
    return fail(Code::kInternal, "the audit log was lost before it could be synced");
  }
  if (synced_seq_ >= seq) return {};
  if (failed_) return std::unexpected(*failed_);
  return fail(Code::kInternal, "the audit log was not synced");
}

base::Result<void> Log::Impl::sync_to(std::uint64_t seq) {
  // Who waits here while another syncs finds its own lines synced as well, mostly.
  const std::lock_guard serial(sync_mutex_);
  std::vector<std::shared_ptr<LogFile>> files;
  std::uint64_t target = 0, size = 0;
  bool folder = false;
  {
    const std::lock_guard lock(mutex_);
    const bool lost = seq > lost_after_ && seq <= lost_through_;
    const bool clean = synced_seq_ >= seq && unsynced_.empty() && !folder_unsynced_;
    if (lost || failed_ || clean) return settled(seq);
    files = unsynced_;
    files.push_back(file_);
    target = file_seq();
    size = file_->size();
    folder = std::exchange(folder_unsynced_, false);
  }
  base::Result<void> done;
  for (const auto& file : files) {
    if (done) done = file->sync();
  }
  if (done && folder) done = sync_folder();
  const std::lock_guard lock(mutex_);
  // Changed meanwhile only by a repair, which has settled all that was written before it.
  const bool same = file_ == files.back();
  if (!done) {
    folder_unsynced_ = folder_unsynced_ || folder;
    if (same) fail_sink(done.error());
    return done;
  }
  if (!same) return settled(seq);
  synced_seq_ = std::max(synced_seq_, target);
  file_->set_synced(size);
  unsynced_.clear();
  return {};
}

base::Result<void> Log::Impl::sync_folder() {
  if (::fsync(folder_.get()) == 0) return {};
  return fail(Code::kInternal, base::fail_errno(errno, "audit folder " + options_.folder.string() +
                                                           " cannot be synced")
                                   .error()
                                   .message);
}

// A crash may have come between a rotation and the sync of the file that was rotated.
void Log::Impl::sync_last_rotated() {
  const auto files = log_files(options_.folder);
  if (!files) return;
  for (auto path = files->rbegin(); path != files->rend(); ++path) {
    if (*path == current_file_path(options_.folder)) continue;
    const auto file = LogFile::open(*path, *options_.calls);
    if (file) sink_news_.report((*file)->sync());
    return;
  }
}

}  // namespace sutler::audit
