// Lines of a node's log as rows of the shared table (docs/formats/audit.md, "In the store").
//
// A chunk is a run of whole lines without a gap. It is sealed under a key that follows from the
// audit seed; node, first and last seq are its associated data, so that a row that was altered,
// moved or put in the place of another does not open. One that is missing shows in the chain.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/shared_rows.h"
#include "base/clock.h"
#include "base/locked_bytes.h"
#include "base/result.h"
#include "base/secret.h"

namespace sutler::audit {

struct Chunk {
  std::string node;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::string lines;  // each with its newline

  [[nodiscard]] std::string_view first_line() const;  // without its newline
  [[nodiscard]] std::string_view last_line() const;
};

// What a node says of itself, beside its chunks.
struct NodeHead {
  std::string node;
  std::string name;               // of its host
  base::UnixTime seen;            // when it said so
  std::uint64_t local_seq = 0;    // of its last line then
  std::uint64_t shipped_seq = 0;  // of its last line in the table
  base::UnixTime waiting_since;   // of the oldest line that is not there; 0: none is waiting
  bool stopped = false;           // it ended, and has said all

  [[nodiscard]] bool is_behind() const { return shipped_seq < local_seq; }
};

// "2026-11-24T15:05:28.123456Z" of a line; empty when it has none in its place.
[[nodiscard]] std::string_view time_of_line(std::string_view line);
// The number that it starts with; 0: none.
[[nodiscard]] std::uint64_t seq_of_line(std::string_view line);

// Reads and writes both in the table. Thread-safe, apart from the table as such.
class ChunkTable {
 public:
  // The table must outlive it.
  ChunkTable(SharedRows& rows, const base::Secret& audit_seed);

  // All or none, in one write.
  [[nodiscard]] base::Result<void> put(const std::vector<Chunk>& chunks, const NodeHead* head);
  // They go, by their first seq.
  [[nodiscard]] base::Result<void> remove(const std::string& node,
                                          const std::vector<std::uint64_t>& first_seqs);

  // A row that does not open: somebody changed it.
  struct Damaged {
    std::string node;
    std::uint64_t first_seq = 0;
  };
  struct Found {
    std::optional<Chunk> chunk;  // nothing: there is none, or it is damaged
    std::optional<Damaged> damaged;
    [[nodiscard]] bool none() const { return !chunk && !damaged; }
  };
  // The chunk that starts at or after that seq, or the last one that starts at or before it.
  [[nodiscard]] base::Result<Found> at_or_after(const std::string& node, std::uint64_t seq);
  [[nodiscard]] base::Result<Found> at_or_before(const std::string& node, std::uint64_t seq);

  // Ids of all nodes of which there is a chunk, in order.
  [[nodiscard]] base::Result<std::vector<std::string>> nodes();
  // What nodes said of themselves; what does not open is left out.
  [[nodiscard]] base::Result<std::vector<NodeHead>> heads();

 private:
  enum class Form { kPlain, kDeflated };
  [[nodiscard]] std::string seal(Form form, const std::string& key, std::uint64_t last,
                                 std::string_view plain) const;
  [[nodiscard]] base::Result<Found> find(const std::string& first, const std::string& last,
                                         RowOrder order);
  [[nodiscard]] Found open(const SharedRow& row) const;

  SharedRows& rows_;
  base::LockedBytes root_;
};

}  // namespace sutler::audit
