#include "audit/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "audit/log_impl.h"
#include "audit/verify.h"
#include "base/encoding.h"
#include "base/log.h"

namespace sutler::audit {

using base::Code;
using base::fail;

namespace {

constexpr std::size_t kBufferBytesKept = 1024 * 1024;

}  // namespace

base::Result<std::unique_ptr<Log>> Log::open(const Options& options, const base::Secret& seed,
                                             const base::Clock& clock, Position known,
                                             std::function<void(const Position&)> keep_checkpoint) {
  if (known.seq > 0 && !is_hash(known.hash)) {
    return fail(Code::kInvalid, "the checkpoint kept elsewhere has no hash");
  }
  if (!options.node.empty() && !is_node_id(options.node)) {
    return fail(Code::kInvalid, "the id of a node has 32 lower-case hex digits");
  }
  auto key = crypto::SigningKey::from_seed(seed.expose());
  if (!key) return base::pass(key, "audit signing key");
  auto impl = std::make_unique<Impl>(options, std::move(*key), clock, std::move(keep_checkpoint));
  if (auto opened = impl->open_folder(); !opened) return base::pass(opened);
  if (auto opened = impl->open_sinks(); !opened) return base::pass(opened);
  const Chain chain = known.seq > 0 ? Chain(known.seq, known.hash) : Chain();
  if (auto started = impl->start(chain); !started) return base::pass(started);
  return std::unique_ptr<Log>(new Log(std::move(impl)));
}

Log::Log(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Log::~Log() = default;

base::Result<void> Log::append(std::span<const Event> events, Durability durability) {
  return impl_->append(events, durability);
}
Position Log::position() const { return impl_->position(); }
const std::string& Log::public_key() const { return impl_->public_key(); }
const std::string& Log::node() const { return impl_->node(); }
std::filesystem::path Log::current_file() const { return impl_->current_file(); }
bool Log::reserve_intact() const { return impl_->reserve_intact(); }
bool Log::low_on_space() const { return impl_->low_on_space(); }
Stats Log::stats() const { return impl_->stats(); }

Log::Impl::Impl(const Options& options, crypto::SigningKey key, const base::Clock& clock,
                std::function<void(const Position&)> keep_checkpoint)
    : options_(options),
      key_(std::move(key)),
      public_key_(base::hex_encode(key_.public_key())),
      clock_(clock),
      keep_checkpoint_(std::move(keep_checkpoint)),
      reserve_(options.folder / "reserve", options.reserve_bytes) {}

base::Result<void> Log::Impl::open_folder() {
  const char* const path = options_.folder.c_str();
  const bool is_new = ::mkdir(path, 0700) == 0;
  if (!is_new && errno != EEXIST) {
    return base::fail_errno(errno, "audit folder " + options_.folder.string() + " cannot be made");
  }
  if (is_new) base::sync_folder(options_.folder.parent_path());
  base::FileDescriptor folder(::open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) {
    return base::fail_errno(errno,
                            "audit folder " + options_.folder.string() + " cannot be opened");
  }
  // On the folder, not on a file: files come and go by rotation, and may be removed by others.
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(Code::kConflict, "audit log in " + options_.folder.string() +
                                       " is being written by another process");
    }
    return base::fail_errno(errno,
                            "audit folder " + options_.folder.string() + " cannot be locked");
  }
  // In place of the one before: who syncs it meanwhile has a folder in any case.
  if (folder_.is_open()) {
    if (::dup3(folder.get(), folder_.get(), O_CLOEXEC) >= 0) return {};
    return base::fail_errno(errno,
                            "audit folder " + options_.folder.string() + " is not kept open");
  }
  folder_ = std::move(folder);
  return {};
}

base::Result<void> Log::Impl::start(const Chain& known) {
  auto found = find_start(options_.folder, known, *options_.calls);
  if (!found) return base::pass(found);
  if (!found->node.empty() && found->node != options_.node) {
    return fail(Code::kInvalid,
                "the audit log in " + options_.folder.string() + " is of the node " + found->node,
                "move it away, and this node starts its own");
  }
  file_ = found->file;
  chain_ = found->chain;
  // Who copies the lines elsewhere waits for a checkpoint: the last one is told of again.
  if (!options_.node.empty() && found->ends_in_checkpoint) {
    unkept_ = {chain_.seq(), std::string(chain_.hash())};
  }
  ends_in_checkpoint_ = found->ends_in_checkpoint || chain_.seq() == 0;
  // A reserve that cannot be made is no reason not to start: the thread says so and tries again.
  (void)reserve_.restore();
  sync_last_rotated();
  const std::lock_guard lock(mutex_);
  if (found->torn_bytes > 0) {
    base::log::warning("the end of the audit log was torn by a crash and was cut off",
                       {{"bytes", static_cast<std::int64_t>(found->torn_bytes)}});
    owed_.push_back({"audit.recovered", "torn_line"});
  }
  if (found->missing_lines > 0) {
    base::log::error("the audit log was cut: lines that a kept checkpoint covers are missing",
                     {{"lines", static_cast<std::int64_t>(found->missing_lines)},
                      {"last_seq", static_cast<std::int64_t>(known.seq())}});
    owed_.push_back({"audit.truncated", "lines_missing", found->missing_lines});
  }
  const bool has_lines = file_ != nullptr && file_->size() > 0;
  if (file_ == nullptr || (found->missing_lines > 0 && has_lines)) {
    auto begun =
        begin_current(options_.folder, has_lines ? file_->first_seq() : 0, *options_.calls);
    if (!begun) return base::pass(begun);
    file_ = std::move(begun->file);
  }
  folder_unsynced_ = true;
  if (auto written = write_own(Space::kReserve); !written) return written;
  thread_ = std::thread([this] { run(); });
  return {};
}

base::Result<void> Log::Impl::append_to_file(std::span<const Event> events, Durability durability) {
  for (const Event& event : events) {
    if (event.event == kPrunedEvent && event.pruned_node.empty())
      return fail(Code::kInvalid, "that event is the log's own");
  }
  if (failed_) {
    if (auto repaired = repair(); !repaired) return repaired;
  }
  if (events.empty()) return {};
  auto written = write_batch(events, durability);
  if (idle_ && has_work()) work_.notify_one();
  return written;
}

base::Result<void> Log::Impl::write_batch(std::span<const Event> events, Durability durability) {
  if (low_space_) return write_grants(events, durability);
  Chain next = chain_;
  buffer_.clear();
  if (auto done = format_own(next); !done) return done;
  if (auto done = format(events, next); !done) return done;
  auto written = write_buffer(next, Space::kNormal);
  if (written) {
    dropped_ = 0;
    owed_.clear();
    return written;
  }
  if (written.error().code != Code::kNoSpace) return written;
  if (!reserve_.is_wanted()) {
    drop(events);
    return written;
  }
  low_space_ = true;
  base::log::error("the disk is full: only grants are recorded in the audit log, in the reserve",
                   {{"reserve_bytes", static_cast<std::int64_t>(reserve_.bytes())}});
  return write_grants(events, durability);
}

void Log::Impl::drop(std::span<const Event> events) {
  const auto others = static_cast<std::uint64_t>(
      std::ranges::count_if(events, [](const Event& event) { return !event.grant; }));
  dropped_ += others;
  dropped_total_ += others;
}

base::Result<void> Log::Impl::write_grants(std::span<const Event> events, Durability durability) {
  const auto others = static_cast<std::uint64_t>(
      std::ranges::count_if(events, [](const Event& event) { return !event.grant; }));
  drop(events);
  // Who asked for kSynced does something only if it is recorded: an admin's change.
  if (others == events.size() || (others > 0 && durability == Durability::kSynced)) {
    return fail(Code::kNoSpace, "the disk of the audit log is full",
                "make room on the disk that holds " + options_.folder.string(),
                std::string(kKeptForGrants));
  }
  Chain next = chain_;
  buffer_.clear();
  if (auto done = format_own(next); !done) return done;
  for (const Event& event : events) {
    if (!event.grant) continue;
    if (auto done = format_one(event, next); !done) return done;
  }
  auto written = write_buffer(next, Space::kReserve);
  if (written) owed_.clear();
  return written;
}

base::Result<void> Log::Impl::format(std::span<const Event> events, Chain& next) {
  for (const Event& event : events) {
    if (auto done = format_one(event, next); !done) return done;
  }
  return {};
}

base::Result<void> Log::Impl::format_one(const Event& event, Chain& next) {
  if (event.event == kCheckpointEvent || event.groups_json.find('\n') != std::string_view::npos ||
      event.keys_json.find('\n') != std::string_view::npos) {
    return fail(Code::kInvalid, "this event cannot be written to the audit log");
  }
  const std::size_t start = buffer_.size();
  append_event_line(buffer_, next, event, options_.node);
  if (buffer_.size() - start <= options_.line_bytes_max) return {};
  return fail(Code::kTooLarge, "a line of the audit log would be longer than " +
                                   std::to_string(options_.line_bytes_max) + " bytes");
}

base::Result<void> Log::Impl::write_buffer(const Chain& next, Space space) {
  if (!backlog_.empty()) {
    if (auto done = write_lines(backlog_, backlog_start_, chain_, space); !done) return done;
    std::string().swap(backlog_);
  }
  if (auto done = write_lines(buffer_, chain_, next, space); !done) return done;
  publish(buffer_, next.seq());
  chain_ = next;
  ends_in_checkpoint_ = false;
  if (buffer_.capacity() > kBufferBytesKept) buffer_ = std::string();
  return {};
}

base::Result<void> Log::Impl::write_lines(std::string_view lines, const Chain& before,
                                          const Chain& last, Space space) {
  for (;;) {
    auto written = file_->append(lines, before, last);
    if (written) return {};
    if (file_->is_broken()) fail_sink(written.error());
    const bool again = space == Space::kReserve && written.error().code == Code::kNoSpace &&
                       !file_->is_broken() && reserve_.give_up(2 * lines.size());
    if (!again) return written;
  }
}

base::Result<void> Log::Impl::format_own(Chain& next) {
  const auto add = [&](const Own& own) {
    return format_one({.time = clock_.now(),
                       .event = own.event,
                       .outcome = Outcome::kFailed,
                       .reason = own.reason,
                       .count = own.count},
                      next);
  };
  for (const Own& own : owed_) {
    if (auto done = add(own); !done) return done;
  }
  if (dropped_ == 0 || low_space_) return {};
  return add({"audit.dropped", "disk_full", dropped_});
}

base::Result<void> Log::Impl::write_own(Space space) {
  Chain next = chain_;
  buffer_.clear();
  if (auto done = format_own(next); !done) return done;
  if (buffer_.empty()) return {};
  auto written = write_buffer(next, space);
  if (!written) return written;
  owed_.clear();
  if (!low_space_) dropped_ = 0;
  return {};
}

bool Log::Impl::has_work() const {
  return failed_ || !reserve_.is_intact() || dropped_ > 0 || !owed_.empty() ||
         !ends_in_checkpoint_ || std::max(synced_seq_, lost_through_) < chain_.seq() ||
         !unsynced_.empty() || folder_unsynced_ || unkept_.seq > 0;
}

Position Log::Impl::position() const {
  const std::lock_guard lock(mutex_);
  if (chain_.seq() == 0) return {};
  return {chain_.seq(), std::string(chain_.hash())};
}

Stats Log::Impl::stats() const {
  Stats stats;
  std::error_code ignored;
  if (const auto files = log_files(options_.folder)) {
    for (const auto& path : *files) {
      const auto size = std::filesystem::file_size(path, ignored);
      if (!ignored) stats.bytes += size;
    }
  }
  const std::lock_guard lock(mutex_);
  stats.last_seq = chain_.seq();
  stats.synced_seq = std::min(synced_seq_, stats.last_seq);
  stats.reserve_bytes = reserve_.bytes();
  stats.dropped = dropped_total_;
  stats.failures = failures_;
  stats.works = !failed_.has_value();
  for (const auto& sink : sinks_) stats.sinks.push_back(sink->stats());
  return stats;
}

std::filesystem::path Log::Impl::current_file() const { return current_file_path(options_.folder); }

}  // namespace sutler::audit
