// The matching records of one node in the order that is asked for: from its chunks in the shared
// table, and those of this node from its local files as far as these reach.
#pragma once

#include <cstdint>
#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/chunk.h"
#include "audit/filter.h"
#include "audit/query.h"
#include "base/result.h"

namespace sutler::audit {

// Not thread-safe. What it is made of must outlive it.
class NodeStream {
 public:
  struct Source {
    std::string node;
    std::string name;
    ChunkTable* table = nullptr;    // null: the table cannot be asked, the files alone are read
    std::filesystem::path folder;   // empty: another node's
    std::uint64_t local_first = 0;  // the first seq in the folder; 0: it has none
  };
  // `ask` as for query(); its cursor is this node's, its filter's times narrow what is read.
  // `bound`: only records at or after that time (newest first: at or before); empty: all.
  NodeStream(Source source, const Ask& ask, std::string bound);

  // The next record, which head() gives then, or none. Reads one chunk or one page at most: kMore
  // says that it has to be called again.
  enum class Found { kRecord, kEnd, kMore };
  [[nodiscard]] base::Result<Found> look();
  [[nodiscard]] const Record& head() const { return ready_.front(); }
  void drop();  // head() was taken

  [[nodiscard]] const std::string& node() const { return source_.node; }
  // As a cursor: what was taken, and what was searched without a match, is behind it.
  [[nodiscard]] std::uint64_t position() const;
  [[nodiscard]] bool has_moved() const { return moved_; }
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_; }
  [[nodiscard]] const std::vector<ChunkTable::Damaged>& damaged() const { return damaged_; }

 private:
  [[nodiscard]] bool is_oldest_first() const { return ask_.order == Order::kOldestFirst; }
  [[nodiscard]] bool reads_files() const;
  [[nodiscard]] base::Result<Found> read_files();
  [[nodiscard]] base::Result<Found> read_chunk();
  [[nodiscard]] base::Result<ChunkTable::Found> next_chunk();
  [[nodiscard]] base::Result<void> seek();
  [[nodiscard]] bool is_over(const Chunk& chunk) const;
  void take_chunk(const Chunk& chunk);
  void keep(std::uint64_t seq, std::string_view line);

  const Source source_;
  Ask ask_;
  const std::string bound_;
  const LineMatcher matcher_;
  std::uint64_t at_;  // oldest first: all up to it is read; newest first: all from it on
  bool sought_ = false, ended_ = false, moved_ = false, after_damaged_ = false;
  std::deque<Record> ready_;
  std::uint64_t bytes_ = 0;
  std::vector<ChunkTable::Damaged> damaged_;
};

}  // namespace sutler::audit
