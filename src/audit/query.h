// Reading the log: pages of the records that match a filter, from all files of a folder.
//
// A place in the log is a record's `seq`, which never changes: pages go on where they ended however
// much the log grew, was rotated or lost its oldest files meanwhile. Nothing is locked and nothing
// of the log is held open between pages; a reader never makes a writer wait.
//
// A million records (400 MB) are searched in less than half a second.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/filter.h"
#include "base/result.h"

namespace sutler::audit {

enum class Order { kNewestFirst, kOldestFirst };

struct Ask {
  Filter filter;
  Order order = Order::kNewestFirst;
  // Where to go on: records after it in that order (oldest first: with a higher seq; newest first:
  // with a lower one). None: from the end of the log that the order starts with.
  std::optional<std::uint64_t> cursor;
  std::size_t limit = 100;                  // records
  std::size_t bytes_max = 8 * 1024 * 1024;  // of lines; a page has one record at least
  // Asked last about each line that matches: false leaves it out. None: takes all.
  std::function<bool(std::string_view line)> accept = {};
};

struct Record {
  std::uint64_t seq = 0;
  std::string line;  // as it stands in the log, without its newline
};

struct Page {
  std::vector<Record> records;
  // The cursor of the next page; none when the end of the log was reached. (Oldest first, the log
  // goes on growing: ask again with `last_seq`.)
  std::optional<std::uint64_t> next;
  std::uint64_t last_seq = 0;  // of the last whole line that was read, or of the cursor
};

// `folder` is the log's folder. kNotFound: there is no log in it; kInvalid: see check_filter();
// kInternal: a file cannot be read. What is not a line of a log is skipped: proving is verify's.
[[nodiscard]] base::Result<Page> query(const std::filesystem::path& folder, const Ask& ask);

// Gives every record that matches, oldest first and in constant memory, to `take` until it says
// false. For those who count or collect. Errors as above.
[[nodiscard]] base::Result<void> for_each_record(
    const std::filesystem::path& folder, const Filter& filter,
    const std::function<bool(std::uint64_t seq, std::string_view line)>& take);

}  // namespace sutler::audit
