#include "server/restore.h"

#include <unistd.h>

#include "server/data_dir.h"
#include "server/migrate.h"
#include "server/prepare.h"
#include "server/restore_note.h"
#include "server/undone.h"
#include "store/sqlite/sqlite_backend.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr char kFolder[] = "restore.part";

Result<void> require_empty(const DataDir& dir) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(dir.path(), error)) {
    const std::string name = entry.path().filename().string();
    if (name == "lock" || name == "master.key" || name == kFolder || name == "lost+found") continue;
    if (name.starts_with("owner-token")) continue;  // of a restore that was killed
    return fail(Code::kConflict,
                "data directory " + dir.path().string() + " is not empty: there is " + name,
                "restore into an empty directory; only master.key may be there already");
  }
  if (!error) return {};
  return fail(Code::kUnavailable, dir.path().string() + " cannot be read: " + error.message());
}

Result<std::shared_ptr<const crypto::MasterKeys>> keys_for(const DataDir& dir,
                                                           const Options& options) {
  if (options.master_keys.empty() && !std::filesystem::exists(dir.master_key())) {
    return fail(Code::kNotFound, "the master key of the backup is needed",
                "put it at " + dir.master_key().string() + ", or name it with --master-key");
  }
  return load_master_keys(dir, options);
}

// Who had a token when the backup was made may have lost it since.
Result<void> disable_tokens(store::Store& store, const store::CommitInfo& info) {
  std::vector<store::Change> changes;
  for (const auto& [name, record] : store.snapshot()->operators->all()) {
    if (record->who.tokens.empty()) continue;
    model::Operator who = record->who;
    who.tokens.clear();
    changes.emplace_back(store::PutOperator{std::move(who)});
  }
  auto committed = store.commit(std::move(changes), info);
  if (!committed) return pass(committed);
  return {};
}

// Fills `folder`/sutler.db; everything that must be in it is in it when this returns.
Result<store::BackupReport> fill_database(const std::filesystem::path& database,
                                          const RestoreRequest& request,
                                          const std::shared_ptr<const crypto::MasterKeys>& keys) {
  const base::UnixTime now = base::SystemClock().now();
  auto backend = store::open_sqlite(database, store::SqliteOpen::kCreate);
  if (!backend) return pass(backend);
  auto report = store::restore_backup(request.file, keys, **backend, now);
  if (!report) return report;
  auto store = store::Store::open(std::move(*backend), keys);
  if (!store) return pass(store);
  const store::CommitInfo info{"restore", now};
  if (auto disabled = disable_tokens(**store, info); !disabled) return pass(disabled);
  auto seed = (*store)->audit_seed();
  if (!seed) return pass(seed);
  const store::Notes notes((*store)->backend(), *seed);
  if (auto left = leave_restore_note(notes, report->info); !left) return pass(left);
  if (auto scrubbed = (*store)->backend().scrub(); !scrubbed) return pass(scrubbed);
  return report;
}

Result<void> put_in_place(const std::filesystem::path& database, const DataDir& dir,
                          const Options& options) {
  if (options.database) {
    auto backend = store::open_sqlite(database, store::SqliteOpen::kExisting);
    if (!backend) return pass(backend);
    return put_into_database(**backend, *options.database);
  }
  std::error_code error;
  std::filesystem::rename(database, dir.database(), error);
  if (!error) return {};
  return fail(Code::kUnavailable, "the database cannot be put in its place: " + error.message());
}

// The later state, when it can be opened with these keys or its own; else what its audit log says.
void look_at(const std::filesystem::path& place, const Options& options,
             const store::Snapshot& restored, Restored& out) {
  const std::uint64_t seq = out.report.info.audit_seq;
  if (std::filesystem::exists(place / "sutler.db")) {
    Options theirs;
    theirs.data_dir = place;
    theirs.master_keys = options.master_keys;
    auto dir = DataDir::open(place);
    auto store = dir ? open_store(*dir, theirs) : Result<std::unique_ptr<store::Store>>(pass(dir));
    if (store && (*store)->id() == out.report.info.store_id) {
      out.undone = undone_between(restored, *(*store)->snapshot());
      out.compared_with = (place / "sutler.db").string();
      return;
    }
    out.warnings.push_back(place.string() + " could not be compared with: " +
                           (store ? "it is another store" : store.error().message));
  }
  auto lines = undone_in_audit(place / "audit", seq);
  if (lines) {
    out.undone = std::move(*lines);
    out.compared_with = (place / "audit").string();
  }
}

std::optional<std::filesystem::path> place_beside(const std::filesystem::path& file) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  for (const auto& place : {folder, folder.parent_path()}) {
    if (std::filesystem::exists(place / "audit" / "current.jsonl")) return place;
  }
  return std::nullopt;
}

}  // namespace

Result<Restored> restore(const Options& options, const RestoreRequest& request) {
  auto dir = DataDir::open(options.data_dir);
  if (!dir) return pass(dir);
  if (auto empty = require_empty(*dir); !empty) return pass(empty);
  auto keys = keys_for(*dir, options);
  if (!keys) return pass(keys);
  const auto part = dir->path() / kFolder;
  std::error_code error;
  std::filesystem::remove_all(part, error);
  if (!std::filesystem::create_directory(part, error)) {
    return fail(Code::kUnavailable, part.string() + " cannot be made: " + error.message());
  }
  auto report = fill_database(part / "sutler.db", request, *keys);
  if (report) {
    if (auto made = make_owner_token(*dir); !made) report = pass(made);
  }
  // The database is the last to appear: a restore that was killed before can be begun anew.
  if (report) {
    auto placed = put_in_place(part / "sutler.db", *dir, options);
    if (!placed) report = pass(placed);
  }
  std::filesystem::remove_all(part, error);
  if (!report) return pass(report);

  Restored out{std::move(*report),
               options.database ? options.database->shown() : dir->database().string(),
               dir->owner_token(),
               {},
               {},
               {}};
  auto store = open_store(*dir, options);
  if (!store) return pass(store);
  const auto place = request.compare ? request.compare : place_beside(request.file);
  if (place) look_at(*place, options, *(*store)->snapshot(), out);
  return out;
}

}  // namespace sutler::server
