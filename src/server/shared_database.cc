#include "server/shared_database.h"

#include "base/file.h"

namespace sutler::server {

using base::Code;
using base::fail;
using base::Result;

namespace {

constexpr char kUnverified[] =
    "the certificate of the database is not verified: whoever is in between can read and change "
    "what is sent";
constexpr char kNoPassword[] =
    "leave the password out of the URI and put it into a private file: passfile=FILE in the URI "
    "(a line HOST:PORT:DATABASE:USER:PASSWORD), or PGPASSWORD in the environment";

Result<std::optional<store::Dsn>> read_store(const std::string& value, const std::string& origin,
                                             const std::optional<std::filesystem::path>& config) {
  if (value == "sqlite") return std::optional<store::Dsn>();
  if (!store::is_postgres_uri(value)) {
    // What stands there may be a password that lost its URI.
    return fail(Code::kInvalid, origin + ": store is neither sqlite nor postgresql://…",
                "postgresql://USER@HOST:PORT/DATABASE, or leave it out for a file in data_dir");
  }
  auto dsn = store::Dsn::parse(value);
  if (!dsn) return pass(dsn, origin);
  if (!dsn->has_password()) return std::optional(std::move(*dsn));
  if (origin.starts_with("flag ")) {
    return fail(Code::kRefused,
                "--store holds a password, which every user of this machine can read", kNoPassword);
  }
  if (config && origin.starts_with(config->string())) {
    if (auto safe = base::require_private(*config); !safe) {
      return fail(
          Code::kRefused,
          origin + ": store holds a password, and the file is not private: " + safe.error().message,
          kNoPassword);
    }
  }
  return std::optional(std::move(*dsn));
}

}  // namespace

Result<void> read_database(SettingReader& reader,
                           const std::optional<std::filesystem::path>& config, Options& options) {
  if (const std::string* value = reader.text("store")) {
    auto dsn = read_store(*value, reader.origin("store"), config);
    if (!dsn) return pass(dsn);
    options.database = std::move(*dsn);
  }
  if (options.database && options.database->is_unverified()) {
    options.warnings.emplace_back(kUnverified);
  }
  if (options.database && !options.database->refused_password_file().empty()) {
    options.warnings.push_back(
        "the password file " + options.database->refused_password_file() +
        " is not read: it has to be a file that nobody else may read (0600)");
  }
  if (options.database && !reader.is_off("audit_copy")) {
    options.audit.ship = audit::Ship::kToStore;
  }
  reader.duration("snapshot_age_max", options.snapshot_age_max);
  if (reader.is_on("snapshot_file")) options.local_copy = LocalCopy::kKept;
  return {};
}

}  // namespace sutler::server
