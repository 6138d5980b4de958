#include "audit/shipper.h"

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"

namespace sutler::audit {

using base::Code;
using base::Result;

namespace {

std::int64_t shown(std::uint64_t number) { return static_cast<std::int64_t>(number); }

base::Unexpected conflict(const std::string& what) {
  return base::fail(Code::kConflict,
                    "the audit log of this node is not the one in the store: " + what,
                    "was its data directory copied, or its log replaced? Start the server again "
                    "while it reaches the database: the log goes on after what the store has",
                    "audit_fork");
}

double seconds_of(std::chrono::milliseconds time) {
  return static_cast<double>(time.count()) / 1000;
}

}  // namespace

Shipper::Shipper(ShipOptions options, ChunkTable& table, const base::Clock& clock)
    : options_(std::move(options)),
      table_(table),
      clock_(clock),
      tail_(options_.folder),
      retention_(options_.keep, options_.node, table),
      thread_([this] { run(); }) {}

Shipper::~Shipper() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    news_.notify_one();
  }
  thread_.join();
}

Result<Position> Shipper::end_in_table() {
  auto found = table_.at_or_before(options_.node, UINT64_MAX);
  while (found && found->damaged && found->damaged->first_seq > 1) {
    found = table_.at_or_before(options_.node, found->damaged->first_seq - 1);
  }
  if (!found) return pass(found);
  if (!found->chunk) return Position{};
  auto head = read_line_head(found->chunk->last_line());
  if (!head) return pass(head);
  return Position{head->seq, std::string(head->hash)};
}

void Shipper::reached(const Position& checkpoint) {
  const std::lock_guard lock(mutex_);
  if (checkpoint.seq <= reached_.seq) return;
  if (waiting_since_ == base::UnixTime{}) waiting_since_ = clock_.now();
  reached_ = checkpoint;
  news_.notify_one();
}

std::shared_ptr<void> Shipper::attach(Record record) {
  const std::lock_guard lock(record_mutex_);
  record_ = std::move(record);
  return {this, [](void* self) {
            auto& shipper = *static_cast<Shipper*>(self);
            const std::lock_guard guard(shipper.record_mutex_);
            shipper.record_ = {};
          }};
}

ShipStats Shipper::stats() const {
  const std::lock_guard lock(mutex_);
  ShipStats stats = stats_;
  if (reached_.seq > stats.shipped_seq) {
    stats.behind_lines = reached_.seq - stats.shipped_seq;
    const auto now = clock_.now();
    if (waiting_since_ < now && waiting_since_ != base::UnixTime{}) {
      stats.behind_seconds =
          static_cast<double>(now.microseconds - waiting_since_.microseconds) / 1e6;
    }
  }
  return stats;
}

bool Shipper::is_due(double now) const {
  if (reached_.seq == 0 || now < retry_at_) return false;
  return reached_.seq > stats_.shipped_seq ||
         now >= announced_ + seconds_of(options_.announce_every);
}

void Shipper::run() {
  sigset_t all;  // signals are for the thread that waits for them
  sigfillset(&all);
  (void)::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  std::unique_lock lock(mutex_);
  while (!stop_) {
    const double now = base::monotonic_seconds();
    if (!is_due(now)) {
      const double next = std::max(retry_at_, announced_ + seconds_of(options_.announce_every));
      // News that come before a retry is due do not hurry it.
      if (now < retry_at_) {
        news_.wait_for(lock, std::chrono::duration<double>(retry_at_ - now),
                       [this] { return stop_; });
      } else if (reached_.seq == 0) {
        news_.wait(lock);
      } else {
        news_.wait_for(lock, std::chrono::duration<double>(std::max(0.0, next - now)));
      }
      continue;
    }
    lock.unlock();
    round(Last::kNo);
    lock.lock();
  }
  lock.unlock();
  round(Last::kYes);
}

void Shipper::round(Last last) {
  Position until;
  {
    const std::lock_guard lock(mutex_);
    until = reached_;
  }
  if (until.seq == 0) return;
  auto done = ship(until, last);
  if (done && last == Last::kNo) done = retain();
  if (!done) cursor_.reset();  // what came of the last write only the table knows
  report(done);
}

void Shipper::report(const Result<void>& done) {
  const std::lock_guard lock(mutex_);
  const bool failed = stats_.error.has_value();
  if (!done) {
    ++stats_.failures;
    retry_at_ = base::monotonic_seconds() + seconds_of(options_.retry_after);
    stats_.error = done.error();
  } else {
    stats_.error.reset();
  }
  if (failed == !done) return;
  if (!done) {
    base::log::error("the audit log is not copied to the store; its lines wait in their files",
                     {{"why", done.error().message}, {"hint", done.error().hint}});
  } else {
    base::log::info("the audit log is copied to the store again");
  }
}

Result<void> Shipper::ship(const Position& until, Last last) {
  if (!cursor_) {
    if (auto found = find_cursor(until); !found) return found;
  }
  while (cursor_->seq() < until.seq) {
    auto chunks = next_chunks(until.seq);
    if (!chunks) return pass(chunks);
    if (chunks->empty()) {
      return base::fail(Code::kInternal, "the lines after " + std::to_string(cursor_->seq()) +
                                             " are not in the files of the audit log");
    }
    if (auto put_all = put(*chunks, until, last); !put_all) return put_all;
    const std::lock_guard lock(mutex_);
    if (stop_ && last == Last::kNo) return {};
  }
  const bool due = base::monotonic_seconds() >= announced_ + seconds_of(options_.announce_every);
  return due || last == Last::kYes ? put({}, until, last) : Result<void>();
}

// Where the table ends, if that is a line of this log.
Result<void> Shipper::find_cursor(const Position& until) {
  auto end = end_in_table();
  if (!end) return pass(end);
  if (end->seq > until.seq) {
    return conflict("it ends with " + std::to_string(until.seq) + ", the store has " +
                    std::to_string(end->seq));
  }
  if (end->seq > 0) {
    std::string hash = end->hash;  // a line that retention removed cannot be compared
    auto read = tail_.read(end->seq - 1, end->seq, [&](const Tail::Line& line) {
      if (line.head.seq == end->seq) hash = line.head.hash;
      return Tail::Next::kStop;
    });
    if (!read) return read;
    if (hash != end->hash) return conflict("line " + std::to_string(end->seq) + " is another");
    cursor_ = Chain(end->seq, end->hash);
  } else {
    cursor_ = Chain();
  }
  const std::lock_guard lock(mutex_);
  stats_.shipped_seq = cursor_->seq();
  return {};
}

// Up to batch_bytes of lines after the cursor. A chunk ends with its file.
Result<std::vector<Chunk>> Shipper::next_chunks(std::uint64_t until) {
  std::vector<Chunk> chunks;
  std::size_t bytes = 0;
  std::uint64_t next = cursor_->seq() + 1;
  Result<void> follows;
  auto read = tail_.read(cursor_->seq(), until, [&](const Tail::Line& line) {
    if (bytes >= options_.batch_bytes) return Tail::Next::kStop;
    if (bytes == 0 && line.head.seq == next && line.head.prev != cursor_->hash()) {
      follows = conflict("line " + std::to_string(next) + " does not follow the store's last one");
      return Tail::Next::kStop;
    }
    if (line.head.seq != next) {
      base::log::warning("lines of the audit log went before they were copied to the store",
                         {{"first", shown(next)}, {"last", shown(line.head.seq - 1)}});
    }
    const bool fresh = chunks.empty() || line.head.seq != next ||
                       line.place == Tail::Line::Place::kFirstOfFile ||
                       chunks.back().lines.size() >= options_.chunk_bytes;
    if (fresh) chunks.push_back({options_.node, line.head.seq, line.head.seq, {}});
    chunks.back().last_seq = line.head.seq;
    chunks.back().lines.append(line.text).push_back('\n');
    bytes += line.text.size() + 1;
    next = line.head.seq + 1;
    return Tail::Next::kGoOn;
  });
  if (!read) return pass(read);
  if (!follows) return pass(follows);
  return chunks;
}

Result<void> Shipper::put(const std::vector<Chunk>& chunks, const Position& until, Last last) {
  Chain end = *cursor_;
  std::size_t bytes = 0;
  base::UnixTime written{};
  if (!chunks.empty()) {
    auto head = read_line_head(chunks.back().last_line());
    if (!head) return pass(head);
    end = head->after();
    written = base::parse_rfc3339(time_of_line(chunks.back().last_line())).value_or(written);
  }
  for (const Chunk& chunk : chunks) bytes += chunk.lines.size();
  NodeHead head{.node = options_.node, .name = options_.node_name, .seen = clock_.now()};
  head.local_seq = until.seq;
  head.shipped_seq = end.seq();
  head.waiting_since = end.seq() < until.seq ? written : base::UnixTime{};
  head.stopped = last == Last::kYes && end.seq() >= until.seq;
  if (auto done = table_.put(chunks, &head); !done) return done;
  cursor_ = end;
  announced_ = base::monotonic_seconds();
  const std::lock_guard lock(mutex_);
  stats_.shipped_seq = end.seq();
  stats_.chunks += chunks.size();
  stats_.bytes += bytes;
  waiting_since_ = end.seq() >= reached_.seq ? base::UnixTime{} : written;
  return {};
}

Result<void> Shipper::retain() {
  const std::lock_guard lock(record_mutex_);
  if (!record_) return {};
  return retention_.round(clock_.now(), cursor_->seq(), record_);
}

}  // namespace sutler::audit
