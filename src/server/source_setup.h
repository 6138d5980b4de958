// From what the config file says of sources to the sources of a running server.
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "crypto/master_key.h"
#include "server/options.h"
#include "source/sources.h"

namespace sutler::server {

// Read anew from the section that the options keep. `clock` must live as long as the sources. With
// keys: what they gave is kept, sealed, in DATA_DIR/source-cache. kUnavailable, kRefused: that
// folder cannot be made, or others may enter it.
[[nodiscard]] base::Result<std::unique_ptr<source::Sources>> make_sources(
    const Options& options, const crypto::MasterKeys* keys, const base::Clock& clock);

}  // namespace sutler::server
