#include "server/migrate.h"

#include "server/data_dir.h"
#include "server/prepare.h"
#include "store/migration.h"
#include "store/postgres/migration_target.h"
#include "store/postgres/postgres_backend.h"
#include "store/sqlite/sqlite_backend.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

// While a server writes, a pass can find something new each time.
constexpr int kPassesMax = 5;

Result<void> run_passes(store::Backend& source, store::MigrationTarget& target,
                        const MigrateRequest& request, Migrated& out,
                        std::vector<store::Telemetry>& telemetry) {
  for (int i = 0; i < kPassesMax; ++i) {
    auto report = store::migration_pass(source, target, request.progress);
    if (!report) return pass(report);
    out.revision = report->revision;
    out.rows = report->rows;
    out.written += report->written;
    telemetry = std::move(report->telemetry);
    // A pass that finds nothing to do has compared everything.
    if (report->written == 0 && report->removed == 0) return {};
  }
  if (!out.finished) return {};
  return fail(Code::kCorrupt, "the rows in the database differ from those that were written",
              "does somebody else write to it? Run this again");
}

Result<void> open_result(const MigrateRequest& request, std::uint64_t revision,
                         const std::shared_ptr<const crypto::MasterKeys>& keys) {
  auto backend = store::open_postgres(request.to, store::PostgresOpen::kExisting);
  if (!backend) return pass(backend);
  auto store = store::Store::open(std::move(*backend), keys);
  if (!store) return pass(store, "what was moved does not open");
  if ((*store)->snapshot()->revision == revision) return {};
  return fail(Code::kCorrupt, "what was moved is not at revision " + std::to_string(revision));
}

Result<void> open_source(const std::filesystem::path& file,
                         const std::shared_ptr<const crypto::MasterKeys>& keys) {
  auto backend = store::open_sqlite(file, store::SqliteOpen::kExisting);
  if (!backend) return pass(backend);
  auto store = store::Store::open(std::move(*backend), keys);
  if (!store) return pass(store);
  return {};
}

// A run before this one came to its end: what nodes have written since is not touched.
Result<Migrated> already_there(store::Backend& source, Migrated out) {
  auto revision = source.revision();
  if (!revision) return pass(revision);
  out.revision = *revision;
  out.finished = true;
  return out;
}

}  // namespace

Result<void> put_into_database(store::Backend& source, const store::Dsn& to) {
  auto id = source.store_id();
  if (!id) return pass(id);
  auto target = store::open_migration_target(to);
  if (!target) return pass(target);
  auto begun = (*target)->begin(*id);
  if (!begun) return pass(begun, to.shown());
  if (*begun == store::MigrationTarget::Begun::kArrived) {
    return fail(Code::kConflict, to.shown() + " holds this store already",
                "take an empty database");
  }
  Migrated out;
  out.finished = true;
  std::vector<store::Telemetry> telemetry;
  const MigrateRequest request{{}, to, [](std::uint64_t) {}};
  if (auto done = run_passes(source, **target, request, out, telemetry); !done) return done;
  return (*target)->finish(out.revision, telemetry);
}

Result<Migrated> migrate(const Options& options, const MigrateRequest& request) {
  const auto file = request.from / "sutler.db";
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return fail(Code::kNotFound, "there is no store in " + request.from.string());
  }
  auto dir = DataDir::open(request.from);
  if (!dir && dir.error().code != Code::kConflict) return pass(dir);
  Migrated out;
  out.database = request.to.shown();
  out.finished = dir.has_value();
  std::shared_ptr<const crypto::MasterKeys> keys;
  if (out.finished) {
    // Nothing is finished with a key that does not open it.
    auto loaded = load_master_keys(*dir, options);
    if (!loaded) return pass(loaded);
    keys = std::move(*loaded);
    if (auto opens = open_source(file, keys); !opens) return pass(opens);
  }
  auto source = store::open_sqlite(file, store::SqliteOpen::kExisting);
  if (!source) return pass(source);
  auto id = (*source)->store_id();
  if (!id) return pass(id);
  auto target = store::open_migration_target(request.to);
  if (!target) return pass(target);
  auto begun = (*target)->begin(*id);
  if (!begun) return pass(begun, out.database);
  if (*begun == store::MigrationTarget::Begun::kArrived) return already_there(**source, out);
  std::vector<store::Telemetry> telemetry;
  if (auto done = run_passes(**source, **target, request, out, telemetry); !done) return pass(done);
  if (!out.finished) return out;
  if (auto done = (*target)->finish(out.revision, telemetry); !done) return pass(done);
  if (auto opened = open_result(request, out.revision, keys); !opened) return pass(opened);
  return out;
}

}  // namespace sutler::server
