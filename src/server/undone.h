// What a restore takes back, as far as can be known: what happened after the backup was made to the
// things that give or take access.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/snapshot.h"

namespace sutler::server {

// From the later state of the same store: keys that were retired, added or removed since, teams
// that were added, removed or changed. Sentences.
[[nodiscard]] std::vector<std::string> undone_between(const store::Snapshot& restored,
                                                      const store::Snapshot& later);

// From the lines of an audit log after `seq`: retired keys, teams, operators and tokens that were
// made, changed or ended. Errors when the log cannot be read.
[[nodiscard]] base::Result<std::vector<std::string>> undone_in_audit(
    const std::filesystem::path& folder, std::uint64_t seq);

}  // namespace sutler::server
