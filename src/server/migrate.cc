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

}  // namespace

Result<void> put_into_database(store::Backend& source, const store::Dsn& to) {
  auto id = source.store_id();
  if (!id) return pass(id);
  auto target = store::open_migration_target(to);
  if (!target) return pass(target);
  if (auto begun = (*target)->begin(*id); !begun) return pass(begun, to.shown());
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
  auto source = store::open_sqlite(file, store::SqliteOpen::kExisting);
  if (!source) return pass(source);
  auto id = (*source)->store_id();
  if (!id) return pass(id);
  auto target = store::open_migration_target(request.to);
  if (!target) return pass(target);
  if (auto begun = (*target)->begin(*id); !begun) return pass(begun, out.database);
  std::vector<store::Telemetry> telemetry;
  if (auto done = run_passes(**source, **target, request, out, telemetry); !done) return pass(done);
  if (!out.finished) return out;
  auto keys = load_master_keys(*dir, options);
  if (!keys) return pass(keys);
  if (auto done = (*target)->finish(out.revision, telemetry); !done) return pass(done);
  if (auto opened = open_result(request, out.revision, *keys); !opened) return pass(opened);
  return out;
}

}  // namespace sutler::server
