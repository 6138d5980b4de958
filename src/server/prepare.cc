#include "server/prepare.h"

#include <unistd.h>

#include "audit/verify.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/log.h"
#include "crypto/random.h"
#include "store/local_copy.h"
#include "store/postgres/postgres_backend.h"
#include "store/sqlite/sqlite_backend.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

enum class Wanted { kExisting, kNew };

Result<std::unique_ptr<store::Backend>> open_shared(const DataDir& dir, const Options& options,
                                                    Wanted wanted) {
  const auto open = [dsn = *options.database, ending = options.ending](store::PostgresOpen mode) {
    return store::open_postgres(dsn, mode, ending);
  };
  auto backend =
      open(wanted == Wanted::kNew ? store::PostgresOpen::kCreate : store::PostgresOpen::kExisting);
  const bool away = !backend && backend.error().name == store::kDatabaseUnreachable;
  if (!away || wanted == Wanted::kNew || options.local_copy == LocalCopy::kNone ||
      !std::filesystem::exists(dir.local_copy())) {
    return backend;
  }
  base::log::warning("the database cannot be reached: the start is from the local copy",
                     {{"why", backend.error().message}, {"file", dir.local_copy().native()}});
  return store::start_from_copy({dir.local_copy(), options.database->shown()},
                                [open] { return open(store::PostgresOpen::kExisting); });
}

Result<std::unique_ptr<store::Backend>> open_backend(const DataDir& dir, const Options& options,
                                                     Wanted wanted) {
  if (options.database) {
    return open_shared(dir, options, wanted);
  }
  // A crash between making the file and filling it leaves an empty database: it is filled now.
  const bool make = wanted == Wanted::kNew && !std::filesystem::exists(dir.database());
  return store::open_sqlite(dir.database(),
                            make ? store::SqliteOpen::kCreate : store::SqliteOpen::kExisting);
}

std::string shown_database(const DataDir& dir, const Options& options) {
  return options.database ? options.database->shown() : dir.database().string();
}

}  // namespace

Result<Holding> look_for_store(const DataDir& dir, const Options& options) {
  if (options.database) {
    auto backend = open_backend(dir, options, Wanted::kExisting);
    if (!backend && backend.error().name == "no_schema") return Holding::kNothing;
    if (!backend) return pass(backend);
    const auto revision = (*backend)->revision();
    return revision && *revision == 0 ? Holding::kEmpty : Holding::kStore;
  }
  if (!std::filesystem::exists(dir.database())) return Holding::kNothing;
  auto backend = store::open_sqlite(dir.database(), store::SqliteOpen::kExisting);
  if (!backend) return Holding::kStore;
  const auto revision = (*backend)->revision();
  return revision && *revision == 0 ? Holding::kEmpty : Holding::kStore;
}

Result<std::shared_ptr<const crypto::MasterKeys>> load_master_keys(const DataDir& dir,
                                                                   const Options& options) {
  auto specs = options.master_keys;
  if (specs.empty()) {
    if (!std::filesystem::exists(dir.master_key())) {
      return fail(Code::kNotFound,
                  "the store in " + dir.path().string() + " has no master key beside it",
                  "put the key " + std::string(options.database ? "of the other nodes" : "back") +
                      " at " + dir.master_key().string() +
                      ", or name it with --master-key; a lost key cannot be made anew");
    }
    specs.push_back("file:" + dir.master_key().string());
  }
  auto keys = crypto::MasterKeys::load(specs);
  if (!keys) return pass(keys);
  return std::make_shared<const crypto::MasterKeys>(std::move(*keys));
}

Result<void> make_owner_token(const DataDir& dir) {
  if (std::filesystem::exists(dir.owner_token())) return {};
  std::string token = "sut_" + base::base64url_encode(crypto::random_bytes(32)) + "\n";
  return base::write_file(dir.owner_token(), token, 0600, base::Overwrite::kRefuse);
}

// An audit log without its store: the store was lost, and a new one beside it would be another
// store's log.
static Result<void> require_no_log(const DataDir& dir) {
  // Rotated files as well: a crash in the middle of a rotation leaves only those.
  if (!std::filesystem::exists(dir.audit())) return {};
  auto files = audit::log_files(dir.audit());
  if (!files && files.error().code == Code::kNotFound) return {};
  if (!files) return pass(files);
  return fail(Code::kNotFound,
              "the store of " + dir.path().string() +
                  " is missing: there is an audit log, but no " +
                  dir.database().filename().string(),
              "put the database back; for a new store choose another directory, or move what is "
              "there away");
}

Result<InitPaths> create_store(const DataDir& dir, const Options& options) {
  if (auto clean = require_no_log(dir); !clean) return pass(clean);
  InitPaths paths{shown_database(dir, options), {}, dir.owner_token()};
  if (options.master_keys.empty()) {
    paths.master_key = dir.master_key();
    if (!std::filesystem::exists(dir.master_key())) {
      auto made = crypto::create_master_key_file(dir.master_key());
      if (!made) return pass(made);
    }
  }
  auto keys = load_master_keys(dir, options);
  if (!keys) return pass(keys);
  if (auto made = make_owner_token(dir); !made) return pass(made);

  auto backend = open_backend(dir, options, Wanted::kNew);
  if (!backend) return pass(backend);
  const store::CommitInfo info{"uid:" + std::to_string(::geteuid()), base::SystemClock().now()};
  auto created = store::Store::create(**backend, **keys, info);
  if (!created) return pass(created);
  return paths;
}

Result<InitPaths> join_store(const DataDir& dir, const Options& options) {
  auto store = open_store(dir, options);
  if (!store) return pass(store);
  if (auto made = make_owner_token(dir); !made) return pass(made);
  return InitPaths{shown_database(dir, options), {}, dir.owner_token(), Made::kJoined};
}

Result<std::unique_ptr<store::Store>> open_store(const DataDir& dir, const Options& options) {
  auto keys = load_master_keys(dir, options);
  if (!keys) return pass(keys);
  auto backend = open_backend(dir, options, Wanted::kExisting);
  if (!backend) return pass(backend);
  return store::Store::open(std::move(*backend), std::move(*keys));
}

Result<base::Secret> read_owner_token(const DataDir& dir) {
  if (!std::filesystem::exists(dir.owner_token())) return base::Secret();
  if (auto safe = base::require_private(dir.owner_token()); !safe) return pass(safe);
  auto token = base::read_file(dir.owner_token(), 4096);
  if (!token) return pass(token);
  return base::strip_single_newline(std::move(*token));
}

}  // namespace sutler::server
