// What the log finds on the disk when it is opened.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "audit/log_file.h"
#include "base/result.h"

namespace sutler::audit {

struct Start {
  std::shared_ptr<LogFile> file;  // current.jsonl, without a torn end; none when there is none
  Chain chain;                    // where the chain stands
  std::string node;               // whose chain it is; empty: it names none
  bool ends_in_checkpoint = false;
  std::uint64_t torn_bytes = 0;     // that were cut off
  std::uint64_t missing_lines = 0;  // that `known` proves were there: then `chain` is `known`
};

// Reads the current file, or where that is missing or empty the last rotated one, and checks its
// chain. `known`: see Log::open(). Errors as there.
[[nodiscard]] base::Result<Start> find_start(const std::filesystem::path& folder,
                                             const Chain& known, const FileCalls& calls);

// Whose log it is, as its last line says; empty: there is none, or it names no node. Of a log that
// is broken it is empty as well: find_start() tells.
[[nodiscard]] std::string node_of_log(const std::filesystem::path& folder);

struct Begun {
  std::shared_ptr<LogFile> file;
  std::filesystem::path aside;  // the new name of the file that was in its place, if there was one
};

// Makes a new, empty current.jsonl. A file that has this name now gets the name of a rotated file
// that starts at `present_first_seq`, or, when that name is taken or the number is 0 (not a file of
// ours), one that no reader of the log looks at. kNoSpace, kInternal: all is as it was.
[[nodiscard]] base::Result<Begun> begin_current(const std::filesystem::path& folder,
                                                std::uint64_t present_first_seq,
                                                const FileCalls& calls);

[[nodiscard]] std::filesystem::path current_file_path(const std::filesystem::path& folder);
[[nodiscard]] std::filesystem::path rotated_file_path(const std::filesystem::path& folder,
                                                      std::uint64_t first_seq);

}  // namespace sutler::audit
