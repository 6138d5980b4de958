#include "audit/merged.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

namespace sutler::audit {

using base::Code;
using base::Result;

namespace {

constexpr std::chrono::seconds kSilentAfter{60};
constexpr std::size_t kCursorNodes = 100;  // what a URL holds of them
constexpr double kLookEverySeconds = 1;

double seconds_between(base::UnixTime from, base::UnixTime to) {
  return std::max(0.0, static_cast<double>(to.microseconds - from.microseconds) / 1e6);
}

// Takes records off the streams in their common order.
class Merge {
 public:
  Merge(std::vector<NodeStream>& streams, Order order) : streams_(streams), order_(order) {}

  enum class Step { kRecord, kEnd, kEnough };
  // kRecord: best() has the next one. kEnough: so much was read for it that the caller should know.
  Result<Step> next(std::uint64_t read_bytes_max) {
    best_ = nullptr;
    for (NodeStream& stream : streams_) {
      auto found = stream.look();
      while (found && *found == NodeStream::Found::kMore) {
        if (bytes_read() > read_bytes_max) return Step::kEnough;
        found = stream.look();
      }
      if (!found) return pass(found);
      if (*found == NodeStream::Found::kEnd) continue;
      if (best_ == nullptr || comes_before(stream, *best_)) best_ = &stream;
    }
    return best_ == nullptr ? Step::kEnd : Step::kRecord;
  }
  [[nodiscard]] NodeStream& best() { return *best_; }

  [[nodiscard]] std::uint64_t bytes_read() const {
    std::uint64_t bytes = 0;
    for (const NodeStream& stream : streams_) bytes += stream.bytes_read();
    return bytes;
  }

 private:
  [[nodiscard]] bool comes_before(const NodeStream& a, const NodeStream& b) const {
    const auto place = [](const NodeStream& stream) {
      return std::tuple(time_of_line(stream.head().line), std::string_view(stream.node()));
    };
    return order_ == Order::kOldestFirst ? place(a) < place(b) : place(b) < place(a);
  }

  std::vector<NodeStream>& streams_;
  const Order order_;
  NodeStream* best_ = nullptr;
};

// Where the streams are now. Of many nodes only those that have moved are named: the others are
// told by the time that was reached.
MergedCursor position_of(const std::vector<NodeStream>& streams, const MergedAsk& ask,
                         std::string_view time) {
  MergedCursor cursor;
  if (ask.cursor) cursor = *ask.cursor;
  if (!time.empty()) cursor.time = time;
  const bool all = streams.size() <= kCursorNodes;
  for (const NodeStream& stream : streams) {
    const std::string prefix = MergedCursor::prefix_of(stream.node());
    if (all || stream.has_moved() || cursor.seqs.contains(prefix)) {
      cursor.seqs[prefix] = stream.position();
    }
  }
  return cursor;
}

// The first seq in the folder; 0: no line.
Result<std::uint64_t> first_local(const std::filesystem::path& folder) {
  Ask ask{.order = Order::kOldestFirst, .limit = 1};
  ask.filter.checkpoints = Filter::Checkpoints::kInclude;
  auto page = query(folder, ask);
  if (!page && page.error().code == Code::kNotFound) return 0;
  if (!page) return pass(page);
  return page->records.empty() ? 0 : page->records.front().seq;
}

}  // namespace

std::string_view to_word(NodeState::State state) {
  switch (state) {
    case NodeState::State::kOwn: return "own";
    case NodeState::State::kCurrent: return "current";
    case NodeState::State::kBehind: return "behind";
    case NodeState::State::kSilent: return "silent";
    case NodeState::State::kStopped: return "stopped";
  }
  return "silent";
}

bool MergedPage::is_complete() const {
  return damaged.empty() && std::ranges::all_of(nodes, &NodeState::is_whole);
}

MergedLog::MergedLog(Self self, ChunkTable& table, const base::Clock& clock)
    : self_(std::move(self)), table_(table), clock_(clock) {}

Result<MergedLog::Known> MergedLog::look() {
  auto nodes = table_.nodes();
  if (!nodes) return pass(nodes);
  auto heads = table_.heads();
  if (!heads) return pass(heads);
  Known known{std::move(*nodes), std::move(*heads)};
  known.nodes.push_back(self_.node);
  for (const NodeHead& head : known.heads) known.nodes.push_back(head.node);
  std::ranges::sort(known.nodes);
  const auto twice = std::ranges::unique(known.nodes);
  known.nodes.erase(twice.begin(), twice.end());
  return known;
}

std::vector<NodeState> MergedLog::states(const Known& known) const {
  const auto now = clock_.now();
  std::vector<NodeState> out;
  for (const std::string& node : known.nodes) {
    NodeState state{.node = node, .name = {}};
    const auto head = std::ranges::find(known.heads, node, &NodeHead::node);
    if (node == self_.node) {
      state.name = self_.name;
      state.state = NodeState::State::kOwn;
      state.seen = now;
      if (head != known.heads.end()) state.copied_seq = head->shipped_seq;
    } else if (head != known.heads.end()) {
      state.name = head->name;
      state.seen = head->seen;
      state.copied_seq = head->shipped_seq;
      state.behind_lines = head->local_seq - std::min(head->local_seq, head->shipped_seq);
      if (head->stopped) {
        state.state = NodeState::State::kStopped;
      } else if (head->seen + kSilentAfter < now) {
        state.behind_seconds = seconds_between(head->seen, now);
      } else if (head->is_behind()) {
        state.state = NodeState::State::kBehind;
        state.behind_seconds = seconds_between(head->waiting_since, now);
      } else {
        state.state = NodeState::State::kCurrent;
      }
    }
    out.push_back(std::move(state));
  }
  return out;
}

Result<std::vector<NodeStream>> MergedLog::open_streams(const MergedAsk& ask, const Known& known,
                                                        ChunkTable* table) const {
  std::vector<NodeStream> streams;
  auto first = first_local(self_.folder);
  if (!first) return pass(first);
  for (const NodeState& state : states(known)) {
    if (!ask.node.empty() && ask.node != state.node && ask.node != state.name) continue;
    const bool own = state.node == self_.node;
    NodeStream::Source source{.node = state.node, .name = state.name, .table = table};
    if (own) {
      source.folder = self_.folder;
      source.local_first = *first;
    }
    Ask one{.filter = ask.filter, .order = ask.order, .accept = ask.accept};
    std::string bound;
    if (ask.cursor) {
      const auto at = ask.cursor->seqs.find(MergedCursor::prefix_of(state.node));
      if (at != ask.cursor->seqs.end()) {
        one.cursor = at->second;
      } else {
        bound = ask.cursor->time;
      }
    }
    streams.emplace_back(std::move(source), one, std::move(bound));
  }
  if (!streams.empty() || ask.node.empty()) return streams;
  return base::fail(Code::kInvalid, "there is no record of a node " + ask.node,
                    "`sutler audit nodes` lists them", "unknown_node");
}

Result<MergedPage> MergedLog::query(const MergedAsk& ask) {
  if (auto good = check_filter(ask.filter); !good) return base::pass(good);
  if (ask.limit == 0) return base::fail(Code::kInvalid, "limit is a number from 1");
  auto known = look();
  const bool alone =
      !known && !ask.node.empty() && (ask.node == self_.node || ask.node == self_.name);
  if (!known && !alone) return pass(known);
  if (alone) known = Known{{self_.node}, {}};
  auto streams = open_streams(ask, *known, alone ? nullptr : &table_);
  if (!streams) return pass(streams);
  MergedPage page;
  page.nodes = states(*known);
  if (!ask.node.empty()) {
    std::erase_if(page.nodes, [&](const NodeState& state) {
      return state.node != ask.node && state.name != ask.node;
    });
  }
  Merge merge(*streams, ask.order);
  std::string time;
  std::size_t bytes = 0;
  auto step = merge.next(ask.read_bytes_max);
  while (step && *step == Merge::Step::kRecord) {
    const Record& record = merge.best().head();
    const bool full = page.records.size() >= ask.limit ||
                      (!page.records.empty() && bytes + record.line.size() > ask.bytes_max);
    if (full) break;
    bytes += record.line.size();
    time = time_of_line(record.line);
    page.records.push_back(record);
    merge.best().drop();
    step = merge.next(ask.read_bytes_max);
  }
  if (!step) return pass(step);
  page.last = position_of(*streams, ask, time);
  if (*step != Merge::Step::kEnd) page.next = page.last;
  for (const NodeStream& stream : *streams) {
    page.damaged.insert(page.damaged.end(), stream.damaged().begin(), stream.damaged().end());
  }
  return page;
}

Result<void> MergedLog::for_each(const Filter& filter,
                                 const std::function<bool(std::string_view)>& take) {
  if (auto good = check_filter(filter); !good) return base::pass(good);
  auto known = look();
  if (!known) return pass(known);
  const MergedAsk ask{.filter = filter, .order = Order::kOldestFirst};
  auto streams = open_streams(ask, *known, &table_);
  if (!streams) return pass(streams);
  Merge merge(*streams, ask.order);
  while (true) {
    auto step = merge.next(UINT64_MAX);
    if (!step) return pass(step);
    if (*step != Merge::Step::kRecord || !take(merge.best().head().line)) return {};
    merge.best().drop();
  }
}

Result<MergedCursor> MergedLog::end() {
  auto known = look();
  if (!known) return pass(known);
  MergedCursor cursor;
  cursor.time = base::rfc3339(clock_.now());
  for (const std::string& node : known->nodes) {
    if (known->nodes.size() > kCursorNodes && node != self_.node) {
      // Who said nothing for a day is told by the time alone.
      const auto head = std::ranges::find(known->heads, node, &NodeHead::node);
      if (head == known->heads.end() || head->seen + std::chrono::hours(24) < clock_.now())
        continue;
    }
    std::uint64_t seq = 0;
    if (node == self_.node) {
      seq = self_.last_seq();
    } else {
      auto newest = table_.at_or_before(node, UINT64_MAX);
      if (!newest) return pass(newest);
      if (newest->chunk) seq = newest->chunk->last_seq;
    }
    cursor.seqs[MergedCursor::prefix_of(node)] = seq;
  }
  return cursor;
}

bool MergedLog::has_news(const MergedCursor& after, std::string_view node) {
  const auto is_meant = [node](std::string_view id, std::string_view name) {
    return node.empty() || node == id || node == name;
  };
  const auto is_new = [&](const std::string& id, std::uint64_t seq) {
    const auto at = after.seqs.find(MergedCursor::prefix_of(id));
    return at != after.seqs.end() && at->second < seq;
  };
  if (is_meant(self_.node, self_.name) && is_new(self_.node, self_.last_seq())) return true;
  const std::lock_guard lock(mutex_);
  const double now = base::monotonic_seconds();
  if (now >= looked_ + kLookEverySeconds) {
    looked_ = now;
    if (auto heads = table_.heads()) seen_ = std::move(*heads);
  }
  return std::ranges::any_of(seen_, [&](const NodeHead& head) {
    if (head.node == self_.node || !is_meant(head.node, head.name)) return false;
    const bool known = after.seqs.contains(MergedCursor::prefix_of(head.node));
    if (!known) return base::rfc3339(head.seen) > after.time && head.shipped_seq > 0;
    return is_new(head.node, head.shipped_seq);
  });
}

Result<std::vector<NodeState>> MergedLog::nodes() {
  auto known = look();
  if (!known) return pass(known);
  return states(*known);
}

}  // namespace sutler::audit
