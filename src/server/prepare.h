// From a data directory to an open store: what `init` and `serve` share.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "crypto/master_key.h"
#include "server/data_dir.h"
#include "server/init.h"
#include "server/options.h"
#include "store/store.h"

namespace sutler::server {

// What the directory holds. kEmpty also is a database that a crash left before anything was in it;
// whatever else is wrong with a database shows when it is opened.
enum class Holding { kNothing, kEmpty, kStore };
[[nodiscard]] Holding look_for_store(const DataDir& dir);

// The configured master keys, or the directory's own key file.
[[nodiscard]] base::Result<std::shared_ptr<const crypto::MasterKeys>> load_master_keys(
    const DataDir& dir, const Options& options);

// A new owner token, unless there is one.
[[nodiscard]] base::Result<void> make_owner_token(const DataDir& dir);

// Makes what is missing of a new store: master key, owner token, database.
[[nodiscard]] base::Result<InitPaths> create_store(const DataDir& dir, const Options& options);

[[nodiscard]] base::Result<std::unique_ptr<store::Store>> open_store(const DataDir& dir,
                                                                     const Options& options);

// The owner token; empty when its file was removed, and then nobody gets in by TCP.
[[nodiscard]] base::Result<base::Secret> read_owner_token(const DataDir& dir);

}  // namespace sutler::server
