#include "store/backups.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr std::chrono::seconds kLook{1};  // how often the clock is asked
// A backup that is stamped later than that was made with a wrong clock.
constexpr std::chrono::hours kAheadMax{24};
constexpr char kRow[] = "backup";
constexpr char kLease[] = "backup";
// How often a node that thinks that a backup is due asks whether another makes it.
constexpr std::chrono::seconds kAskAgain{30};

bool is_backup(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("sutler-") && name.ends_with(".backup");
}

}  // namespace

Backups::Backups(Store& store, const base::Clock& clock, Options options, Done done)
    : store_(store), clock_(clock), options_(std::move(options)), done_(std::move(done)) {
  remove_left_parts(options_.folder);
  const base::UnixTime now = clock_.now();
  for (const Listed& one : list()) {
    if (!is_ours(one) || one.info.created > now + kAheadMax) continue;
    last_good_ = one.info.created;
    break;
  }
  thread_ = std::thread([this] { run(); });
}

Backups::~Backups() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  moved_.notify_all();
  thread_.join();
}

std::vector<Backups::Listed> Backups::list() const {
  std::vector<Listed> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(options_.folder, error)) {
    if (!is_backup(entry.path())) continue;
    Listed one;
    one.file = entry.path();
    std::error_code unknown;
    const auto bytes = std::filesystem::file_size(one.file, unknown);
    one.bytes = unknown ? 0 : bytes;
    auto reader = BackupReader::open(one.file);
    if (entry.is_symlink(unknown)) {
      one.error = one.file.string() + " is a link: it is not counted";
    } else if (reader) {
      one.info = reader->info();
    } else {
      one.error = reader.error().message;
    }
    found.push_back(std::move(one));
  }
  std::ranges::sort(found, [](const Listed& a, const Listed& b) {
    return std::pair(a.info.created, a.file) > std::pair(b.info.created, b.file);
  });
  return found;
}

std::optional<base::UnixTime> Backups::last_good() const {
  const std::lock_guard lock(mutex_);
  return last_good_;
}

std::string Backups::last_error() const {
  const std::lock_guard lock(mutex_);
  return last_ && !*last_ ? last_->error().message : std::string();
}

bool Backups::running() const {
  const std::lock_guard lock(mutex_);
  return running_ || asked_ != answered_;
}

std::optional<Result<WrittenBackup>> Backups::make(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = ++asked_;
  moved_.notify_all();
  const bool done = moved_.wait_for(lock, limit, [&] { return answered_ >= ticket || stop_; });
  if (!done || answered_ < ticket) return std::nullopt;
  return last_;
}

bool Backups::due(base::UnixTime now) const {
  if (options_.every.count() == 0 || now < not_before_) return false;
  return !last_good_ || *last_good_ + options_.every <= now || now < *last_good_;
}

void Backups::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const bool asked = asked_ != answered_;
    if (!asked && !due(clock_.now())) {
      moved_.wait_for(lock, kLook, [this] { return stop_ || asked_ != answered_; });
      continue;
    }
    const std::uint64_t tickets = asked_;
    running_ = true;
    lock.unlock();
    if (asked) {
      make_one(Why::kAsked);
    } else {
      make_due();
    }
    lock.lock();
    running_ = false;
    answered_ = tickets;
    moved_.notify_all();
  }
}

std::optional<base::UnixTime> Backups::noted() const {
  const auto notes = options_.notes->read(kRow);
  if (!notes || notes->empty()) return std::nullopt;
  const std::string& text = notes->front().text;
  base::UnixTime made;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), made.microseconds);
  if (parsed.ec != std::errc() || made > clock_.now() + kAheadMax) return std::nullopt;
  return made;
}

void Backups::make_due() {
  if (options_.leases == nullptr) return make_one(Why::kDue);
  const auto lease = options_.leases->take(kLease);
  const auto made = noted();
  {
    const std::lock_guard lock(mutex_);
    if (made && (!last_good_ || *last_good_ < *made)) last_good_ = made;
    not_before_ = clock_.now() + kAskAgain;
    if (last_good_ && clock_.now() < *last_good_ + options_.every) return;
  }
  if (!lease) {
    base::log::warning("no backup is made: the store cannot say which node does it",
                       {{"why", lease.error().message}});
  } else if (*lease) {
    make_one(Why::kDue);
  }
}

void Backups::make_one(Why why) {
  BackupRequest request{options_.folder, clock_.now(), options_.version, 0, {}, {}};
  request.stopped = [this] {
    const std::lock_guard lock(mutex_);
    return stop_;
  };
  if (options_.audit_position) {
    std::tie(request.audit_seq, request.audit_hash) = options_.audit_position();
  }
  auto written = write_backup(store_, request);
  if (written) {
    remove_old(*written);
    std::error_code error;
    if (!std::filesystem::exists(written->file, error)) {
      written = base::fail(base::Code::kUnavailable,
                           "backup " + written->file.string() + " was taken away by somebody",
                           "give each server a backup_dir of its own");
    }
  }
  if (written && options_.notes != nullptr) {
    (void)options_.notes->put({{kRow, std::to_string(request.now.microseconds)}});
  }
  if (done_) done_(why, written);
  const std::lock_guard lock(mutex_);
  if (written) {
    last_good_ = request.now;
  } else {
    not_before_ = request.now + options_.retry_after;
  }
  last_ = std::move(written);
}

bool Backups::is_ours(const Listed& one) const {
  return one.error.empty() && one.info.store_id == store_.id();
}

// Only backups of this store that can be read count, and only such go. The one that was written
// just now stays whatever the stamps of the others say.
void Backups::remove_old(const WrittenBackup& written) const {
  std::size_t good = 1;
  for (const Listed& one : list()) {
    if (!is_ours(one) || one.file == written.file) continue;
    if (one.info.created > written.info.created + kAheadMax) {
      base::log::warning(
          "a backup is stamped in the future: it does not count and is not removed",
          {{"file", one.file.native()}, {"created", base::rfc3339(one.info.created)}});
      continue;
    }
    if (++good <= options_.keep) continue;
    std::error_code error;
    std::filesystem::remove(one.file, error);
    if (error) {
      base::log::warning("an old backup could not be removed",
                         {{"file", one.file.native()}, {"why", error.message()}});
    }
  }
}

}  // namespace sutler::store
