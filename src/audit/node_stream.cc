#include "audit/node_stream.h"

#include <algorithm>
#include <utility>

#include "base/clock.h"

namespace sutler::audit {

using base::Result;

namespace {

// A clock that went back puts records out of the order of their times: a search by time looks that
// much further.
constexpr std::chrono::hours kClockSlack{1};
constexpr std::size_t kPageRecords = 200;

std::string shifted(base::UnixTime time, std::chrono::hours by) {
  const auto moved = time + std::chrono::duration_cast<std::chrono::microseconds>(by);
  return base::rfc3339({std::max<std::int64_t>(moved.microseconds, 0)});
}

}  // namespace

NodeStream::NodeStream(Source source, const Ask& ask, std::string bound)
    : source_(std::move(source)),
      ask_(ask),
      bound_(std::move(bound)),
      matcher_(ask.filter),
      at_(ask.cursor.value_or(ask.order == Order::kOldestFirst ? 0 : UINT64_MAX)),
      sought_(ask.cursor.has_value()) {
  ask_.limit = kPageRecords;
}

Result<NodeStream::Found> NodeStream::look() {
  if (!ready_.empty()) return Found::kRecord;
  if (ended_) return Found::kEnd;
  auto found = reads_files() ? read_files() : read_chunk();
  if (!found) return found;
  if (!ready_.empty()) return Found::kRecord;
  if (*found == Found::kEnd) ended_ = true;
  return found;
}

void NodeStream::drop() {
  moved_ = true;
  ready_.pop_front();
}

std::uint64_t NodeStream::position() const {
  if (ready_.empty()) return at_;
  return is_oldest_first() ? ready_.front().seq - 1 : ready_.front().seq + 1;
}

// The files hold all from local_first on; what is older stands in the table.
bool NodeStream::reads_files() const {
  if (source_.local_first == 0) return false;
  if (source_.table == nullptr) return true;
  return is_oldest_first() ? at_ + 1 >= source_.local_first : at_ > source_.local_first;
}

void NodeStream::keep(std::uint64_t seq, std::string_view line) {
  const std::string_view time = time_of_line(line);
  if (!bound_.empty() && (is_oldest_first() ? time < bound_ : time > bound_)) return;
  ready_.push_back({seq, std::string(line)});
}

Result<NodeStream::Found> NodeStream::read_files() {
  Ask ask = ask_;
  ask.cursor = at_;
  auto page = query(source_.folder, ask);
  if (!page) return pass(page);
  for (Record& record : page->records) {
    bytes_ += record.line.size();
    keep(record.seq, record.line);
  }
  if (!page->records.empty() || page->last_seq > ask.cursor) moved_ = true;
  if (page->next) {
    at_ = *page->next;
    return Found::kMore;
  }
  if (is_oldest_first()) {
    at_ = std::max(at_, page->last_seq);
    return Found::kEnd;
  }
  at_ = source_.local_first;
  return source_.table == nullptr || at_ <= 1 ? Found::kEnd : Found::kMore;
}

Result<NodeStream::Found> NodeStream::read_chunk() {
  if (source_.table == nullptr) return Found::kEnd;
  if (!is_oldest_first() && at_ <= 1) return Found::kEnd;
  if (!sought_) {
    sought_ = true;
    if (auto done = seek(); !done) return pass(done);
  }
  auto found = next_chunk();
  if (!found) return pass(found);
  if (found->damaged) {
    damaged_.push_back(*found->damaged);
    // Where it ends nobody can tell: the next one by its key.
    const std::uint64_t seq = found->damaged->first_seq;
    at_ = is_oldest_first() ? std::max(at_, seq) : seq;
    after_damaged_ = moved_ = true;
    return Found::kMore;
  }
  if (!found->chunk || is_over(*found->chunk)) {
    // What the files have goes on after a gap as well.
    const bool files = is_oldest_first() && source_.local_first > at_ + 1 && !found->chunk;
    if (!files) return Found::kEnd;
    at_ = source_.local_first - 1;
    return Found::kMore;
  }
  take_chunk(*found->chunk);
  return Found::kMore;
}

Result<ChunkTable::Found> NodeStream::next_chunk() {
  ChunkTable& table = *source_.table;
  if (!is_oldest_first()) {
    return table.at_or_before(source_.node, at_ == UINT64_MAX ? at_ : at_ - 1);
  }
  if (!std::exchange(after_damaged_, false)) {
    auto within = table.at_or_before(source_.node, at_ + 1);
    if (!within || within->damaged || (within->chunk && within->chunk->last_seq > at_)) {
      return within;
    }
  }
  return table.at_or_after(source_.node, at_ + 1);
}

// Whether nothing that matches can come after it.
bool NodeStream::is_over(const Chunk& chunk) const {
  if (is_oldest_first()) {
    return ask_.filter.until &&
           time_of_line(chunk.first_line()) >= shifted(*ask_.filter.until, kClockSlack);
  }
  return ask_.filter.since &&
         time_of_line(chunk.last_line()) < shifted(*ask_.filter.since, -kClockSlack);
}

void NodeStream::take_chunk(const Chunk& chunk) {
  bytes_ += chunk.lines.size();
  moved_ = true;
  std::string_view rest = chunk.lines;
  const bool up = is_oldest_first();
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    const std::uint64_t seq = seq_of_line(line);
    if (up ? seq <= at_ : seq >= at_) continue;
    // The files have it as well.
    if (up && source_.local_first > 0 && seq >= source_.local_first) continue;
    if (!matcher_.matches(line) || (ask_.accept && !ask_.accept(line))) continue;
    keep(seq, line);
  }
  if (!up) std::ranges::reverse(ready_);
  if (!up) {
    at_ = chunk.first_seq;
  } else {
    const std::uint64_t files = source_.local_first;
    at_ = std::max(at_, files > 0 ? std::min(chunk.last_seq, files - 1) : chunk.last_seq);
  }
}

// Narrows down where the records of that time start, by halves.
Result<void> NodeStream::seek() {
  const bool up = is_oldest_first();
  std::string time = bound_;
  const auto& wanted = up ? ask_.filter.since : ask_.filter.until;
  if (wanted && time.empty()) time = shifted(*wanted, up ? -kClockSlack : kClockSlack);
  if (time.empty()) return {};
  auto newest = source_.table->at_or_before(source_.node, UINT64_MAX);
  if (!newest) return pass(newest);
  if (!newest->chunk) return {};
  // Chunks that start before `low` start before that time; from `high` on, after it.
  std::uint64_t low = 0, high = newest->chunk->last_seq + 1;
  while (low + 1 < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    auto found = source_.table->at_or_before(source_.node, middle);
    if (!found) return pass(found);
    if (found->damaged) return {};
    const std::string_view starts =
        found->chunk ? time_of_line(found->chunk->first_line()) : std::string_view();
    if (starts < time || (!up && starts == time)) {
      low = middle;
    } else {
      high = std::min(middle, found->chunk->first_seq);
    }
  }
  auto start = source_.table->at_or_before(source_.node, low);
  if (!start) return pass(start);
  const std::uint64_t first = start->chunk ? start->chunk->first_seq : 0;
  if (up) {
    at_ = first > 0 ? first - 1 : 0;
  } else {
    at_ = std::min(at_, start->chunk ? start->chunk->last_seq + 1 : high);
  }
  return {};
}

}  // namespace sutler::audit
