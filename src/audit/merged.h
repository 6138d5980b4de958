// The records of all nodes of a store in one order: by time, then node, then seq.
//
// Records of one node keep the order of their seq whatever its clock did. This node's own come from
// its files, those of others from the shared table, which they reach a second or two after they
// were written: each answer says which nodes are behind (NodeState).
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/chunk.h"
#include "audit/merged_cursor.h"
#include "audit/node_stream.h"
#include "audit/query.h"
#include "base/clock.h"
#include "base/result.h"

namespace sutler::audit {

struct MergedAsk {
  Filter filter;
  Order order = Order::kNewestFirst;
  std::string node;  // only of that one: its id, or the name of its host; empty: of all
  std::optional<MergedCursor> cursor;
  std::size_t limit = 100;
  std::size_t bytes_max = 8 * 1024 * 1024;
  // A page ends where that much was read without filling it; the next one goes on there.
  std::uint64_t read_bytes_max = 256 * 1024 * 1024;
  std::function<bool(std::string_view line)> accept = {};
};

// How far the records of a node can be seen.
struct NodeState {
  std::string node, name;
  // kSilent: it has not said anything for a minute, so it may have records that nobody else has.
  enum class State { kOwn, kCurrent, kBehind, kSilent, kStopped } state = State::kSilent;
  std::uint64_t copied_seq = 0;    // up to where it has copied its lines, as it says
  std::uint64_t behind_lines = 0;  // that it has itself and that are not here yet
  double behind_seconds = 0;       // since the oldest of them, or since it was heard of
  base::UnixTime seen;

  [[nodiscard]] bool is_whole() const {
    return state == State::kOwn || state == State::kCurrent || state == State::kStopped;
  }
};
[[nodiscard]] std::string_view to_word(NodeState::State state);  // "current"

struct MergedPage {
  std::vector<Record> records;
  std::optional<MergedCursor> next;  // none: the end was reached
  MergedCursor last;                 // oldest first, where to ask again
  std::vector<NodeState> nodes;
  std::vector<ChunkTable::Damaged> damaged;  // rows that somebody changed
  // False: some node is behind, or rows are damaged.
  [[nodiscard]] bool is_complete() const;
};

// Thread-safe.
class MergedLog {
 public:
  struct Self {
    std::filesystem::path folder;
    std::string node, name;
    std::function<std::uint64_t()> last_seq;  // of this node's log
  };
  // The table and the clock must outlive it.
  MergedLog(Self self, ChunkTable& table, const base::Clock& clock);

  // kInvalid: see check_filter(), or there is no such node; kUnavailable and the like: the table
  // cannot be read. Of this node alone its files are read then, and the others are silent.
  [[nodiscard]] base::Result<MergedPage> query(const MergedAsk& ask);
  // Every record that matches, oldest first, until `take` says false.
  [[nodiscard]] base::Result<void> for_each(const Filter& filter,
                                            const std::function<bool(std::string_view)>& take);

  // Where all logs end now, to follow them from there.
  [[nodiscard]] base::Result<MergedCursor> end();
  // Whether that node (empty: any of them) has records after that. Asks the table once a second at
  // most.
  [[nodiscard]] bool has_news(const MergedCursor& after, std::string_view node = {});

  [[nodiscard]] base::Result<std::vector<NodeState>> nodes();
  [[nodiscard]] ChunkTable& table() { return table_; }
  [[nodiscard]] const Self& self() const { return self_; }

 private:
  struct Known {
    std::vector<std::string> nodes;
    std::vector<NodeHead> heads;
  };
  [[nodiscard]] base::Result<Known> look();
  [[nodiscard]] std::vector<NodeState> states(const Known& known) const;
  [[nodiscard]] base::Result<std::vector<NodeStream>> open_streams(const MergedAsk& ask,
                                                                   const Known& known,
                                                                   ChunkTable* table) const;

  const Self self_;
  ChunkTable& table_;
  const base::Clock& clock_;
  std::mutex mutex_;
  double looked_ = -1e9;  // monotonic seconds
  std::vector<NodeHead> seen_;
};

}  // namespace sutler::audit
