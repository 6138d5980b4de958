#include "store/backups.h"

#include <algorithm>

#include "base/log.h"

namespace sutler::store {

using base::Result;

namespace {

constexpr std::chrono::seconds kLook{1};  // how often the clock is asked

bool is_backup(const std::filesystem::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("sutler-") && name.ends_with(".backup");
}

}  // namespace

Backups::Backups(Store& store, const base::Clock& clock, Options options, Done done)
    : store_(store), clock_(clock), options_(std::move(options)), done_(std::move(done)) {
  std::error_code ignored;
  std::filesystem::remove(options_.folder / ".sutler-backup.part", ignored);
  for (const Listed& one : list()) {
    if (!one.error.empty() || one.info.store_id != store_.id()) continue;
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
    std::error_code ignored;
    one.bytes = std::filesystem::file_size(one.file, ignored);
    auto reader = BackupReader::open(one.file);
    if (reader) {
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
    make_one(asked ? Why::kAsked : Why::kDue);
    lock.lock();
    running_ = false;
    answered_ = tickets;
    moved_.notify_all();
  }
}

void Backups::make_one(Why why) {
  BackupRequest request{options_.folder, clock_.now(), options_.version, 0, {}};
  if (options_.audit_position) {
    std::tie(request.audit_seq, request.audit_hash) = options_.audit_position();
  }
  auto written = write_backup(store_, request);
  if (written) remove_old();
  if (done_) done_(why, written);
  const std::lock_guard lock(mutex_);
  if (written) {
    last_good_ = request.now;
  } else {
    not_before_ = request.now + options_.retry_after;
  }
  last_ = std::move(written);
}

// Only backups of this store that can be read count, and only such go.
void Backups::remove_old() const {
  std::size_t good = 0;
  for (const Listed& one : list()) {
    if (!one.error.empty() || one.info.store_id != store_.id()) continue;
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
