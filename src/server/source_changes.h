// Whether `sources` of the config file says something else than when the server started.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "crypto/hash.h"
#include "server/config_tree.h"
#include "server/settings.h"

namespace sutler::server {

struct SourceChanges {
  std::vector<std::string> added, changed, gone;  // names of sources
  std::string wrong;  // why no server would start with it; empty: one would
  [[nodiscard]] bool any() const;
  // "new: a, b; changed: c; gone: d"
  [[nodiscard]] std::string text() const;
};

// Each source as it stands there, by name; where in the file does not matter.
using SourceDigests = std::map<std::string, crypto::Digest>;
[[nodiscard]] SourceDigests digests_of_sources(const MergedSettings& settings);

// Reads the file `config` anew and compares. Errors as merge_settings().
[[nodiscard]] base::Result<SourceChanges> find_source_changes(
    const std::optional<std::filesystem::path>& config, const std::filesystem::path& data_dir,
    const SourceDigests& before);

}  // namespace sutler::server
