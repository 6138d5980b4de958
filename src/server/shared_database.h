// `store` of the settings: which database several nodes share.
#pragma once

#include <filesystem>
#include <optional>

#include "base/result.h"
#include "server/options.h"
#include "server/setting_reader.h"

namespace sutler::server {

// Fills Options::database and what goes with it. "sqlite" is the file in the data directory.
// `config`: the config file that was read. kInvalid: neither that nor a URI that libpq reads;
// kRefused: a password where others can read it, on the command line or in a config file that is
// not private.
[[nodiscard]] base::Result<void> read_database(SettingReader& reader,
                                               const std::optional<std::filesystem::path>& config,
                                               Options& options);

}  // namespace sutler::server
