// What a node tells the others of its registry: a mark, and for each of its last batches of rows
// what stands in them.
//
// A mark is one small row of each node: the number of its last batch and a random tag of it. The
// batches are in a ring of kJournalSlots rows; each names the tag of the one before, so that a
// reader that missed one, or read one that was not the last word, notices it and reads all rows of
// that node anew. Rows, batch and mark are written in one step.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "registry/record_codec.h"

namespace sutler::registry {

struct Mark {
  std::uint64_t seq = 0;  // 0: nothing was ever written
  std::string tag;        // 16 random hex digits, of the last batch
  [[nodiscard]] bool operator==(const Mark&) const = default;
};
[[nodiscard]] std::string encode_mark(const Mark& mark);
[[nodiscard]] std::optional<Mark> decode_mark(std::string_view text);

struct JournalBatch {
  Mark mark;
  std::string before;                       // the tag of the batch before
  std::optional<std::string> adopted_from;  // the records hold the parts of that node from now on
  std::optional<Forgotten> forgotten;
  std::vector<GroupKeysPointer> lists;  // that have a row since this batch
  std::vector<model::Workload> gone;
  std::vector<Record> records;
};
[[nodiscard]] std::string encode_batch(const JournalBatch& batch);
// `take` is given each list before a record that has it and gives what stands for it; `lists` finds
// all others. Nothing for what is not in this form.
using TakeList = std::function<GroupKeysPointer(std::string_view group, std::string_view keys)>;
[[nodiscard]] std::optional<JournalBatch> decode_batch(std::string_view text, const TakeList& take,
                                                       const FindList& lists);

}  // namespace sutler::registry
