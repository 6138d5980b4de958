// `sources` of the config file: which other stores groups may refer to. Never set by the API, a
// flag or the environment, since it names programs that run and places that are read.
#pragma once

#include <filesystem>
#include <vector>

#include "base/result.h"
#include "server/config_tree.h"
#include "server/source_kind.h"
#include "source/config.h"

namespace sutler::server {

struct SourceConfig {
  source::Common common;
  SourceKind kind;
};

// Programs run on its behalf: of kind exec, or with a `decrypt`.
[[nodiscard]] bool runs_programs(const SourceConfig& source);

// kInvalid with file, line and member; of what is unknown with the known ones. No files are read
// from in or around `data_dir`.
[[nodiscard]] base::Result<std::vector<SourceConfig>> read_sources(
    const ConfigSection& section, const std::filesystem::path& data_dir);

}  // namespace sutler::server
