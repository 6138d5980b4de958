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

// What the directory holds, or the database that several nodes share. kEmpty also is a database
// that a crash left before anything was in it; whatever else is wrong with a database shows when it
// is opened. Fails when a shared database cannot be asked.
enum class Holding { kNothing, kEmpty, kStore };
[[nodiscard]] base::Result<Holding> look_for_store(const DataDir& dir, const Options& options);

// The configured master keys, or the directory's own key file.
[[nodiscard]] base::Result<std::shared_ptr<const crypto::MasterKeys>> load_master_keys(
    const DataDir& dir, const Options& options);

// A new owner token, unless there is one.
[[nodiscard]] base::Result<void> make_owner_token(const DataDir& dir);

// Makes what is missing of a new store: master key, owner token, database.
[[nodiscard]] base::Result<InitPaths> create_store(const DataDir& dir, const Options& options);

// Opens the store with the configured keys and leaves everything as it is, but for the owner token
// of this directory, which is made where there is none. For one more node of a shared store.
[[nodiscard]] base::Result<InitPaths> join_store(const DataDir& dir, const Options& options);

[[nodiscard]] base::Result<std::unique_ptr<store::Store>> open_store(const DataDir& dir,
                                                                     const Options& options);

// The owner token; empty when its file was removed, and then nobody gets in by TCP.
[[nodiscard]] base::Result<base::Secret> read_owner_token(const DataDir& dir);

}  // namespace sutler::server
