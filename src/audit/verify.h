// Proving a log from its bytes and the public key alone (docs/formats/audit.md).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace sutler::audit {

struct Verified {
  std::uint64_t lines = 0;
  std::uint64_t first_seq = 0;
  std::uint64_t last_seq = 0;
  std::uint64_t checkpoints = 0;
  std::uint64_t last_checkpoint_seq = 0;
  // Older lines were let go on purpose: a signed `audit.pruned` names the line before the first.
  bool pruned = false;
  std::string node;        // whose log it is; empty: it names none
  std::string public_key;  // that signed, hex
  // False: the key was taken from the log itself, which proves order but not origin.
  bool key_was_given = false;
};

// The log files of a folder in order of their first seq: the rotated ones (audit-<seq>.jsonl), then
// current.jsonl. kNotFound: there is no such folder, or no log in it.
[[nodiscard]] base::Result<std::vector<std::filesystem::path>> log_files(
    const std::filesystem::path& folder);

// Checks every line of the files, in order, as one chain: strict JSON, exact bytes hash, prev, seq
// without gap, times readable, every checkpoint's signature by `public_key` (64 hex digits; none:
// the log's own first one), that the last line is whole, that the log does not end before
// `known_seq` (a checkpoint kept elsewhere), and that it starts with seq `first_seq`; 0: wherever
// it starts (Verified::first_seq tells). A log that starts later than with 1 is also whole when a
// line `audit.pruned` in it, with a checkpoint after it, names the line before its first: then
// its older files were removed by retention.
//
// kCorrupt names file, line and what is wrong with it; kInvalid: the key is not one; kNotFound and
// the like when a file cannot be opened. Memory does not depend on the size of the log.
[[nodiscard]] base::Result<Verified> verify_files(const std::vector<std::filesystem::path>& files,
                                                  std::optional<std::string> public_key,
                                                  std::uint64_t known_seq,
                                                  std::uint64_t first_seq = 1);

}  // namespace sutler::audit
