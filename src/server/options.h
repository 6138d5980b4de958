// The typed settings of one server process. Made from the table of settings.h; nothing else reads
// configuration.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/access.h"
#include "admin/northflank.h"
#include "admin/service.h"
#include "audit/log.h"
#include "base/locked_bytes.h"
#include "base/result.h"
#include "http/server.h"
#include "model/team.h"
#include "provider/provider.h"
#include "registry/registry.h"
#include "server/history_purger.h"
#include "server/settings.h"
#include "server/source_changes.h"
#include "server/source_config.h"
#include "store/postgres/dsn.h"

namespace sutler::server {

struct TlsFiles {
  std::filesystem::path certificate;
  std::filesystem::path key;
};

enum class LocalCopy { kNone, kKept };
enum class StoreDemand { kMayCreate, kMustExist };

struct Options {
  std::filesystem::path data_dir;
  StoreDemand store = StoreDemand::kMayCreate;
  std::optional<store::Dsn> database;  // shared by several nodes; none: a file in data_dir
  std::chrono::milliseconds snapshot_age_max{0};
  LocalCopy local_copy = LocalCopy::kNone;
  // True when the process ends: nobody waits for the shared database any more.
  std::shared_ptr<std::atomic<bool>> ending = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::string> master_keys;  // specs; empty: file:DATA_DIR/master.key
  // Reads the specs again, from the config file as it is now; null in tests.
  std::function<base::Result<std::vector<std::string>>()> reread_master_keys;
  std::string master_keys_how;  // what to do to put a new key first
  std::string listen = "127.0.0.1:8080";
  std::optional<TlsFiles> tls;
  std::string admin_listen = "127.0.0.1:8081";
  std::optional<TlsFiles> admin_tls;
  std::vector<std::string> admin_hosts;
  // Cookies, throttling and the proxy; who is an owner is filled in by the app.
  admin::AccessOptions admin_access;
  std::optional<std::filesystem::path> admin_proxy_socket;
  admin::Options::MetricsFor metrics_for = admin::Options::MetricsFor::kLocal;
  http::Options http;
  provider::Options provider;
  audit::Options audit;
  model::WeakKeys weak_keys = model::WeakKeys::kRefuse;
  std::optional<base::LockedBytes> secret_key;  // the reference's SECRET
  std::optional<std::filesystem::path> apply;
  std::chrono::milliseconds drain_delay{0};
  std::filesystem::path backup_dir;
  std::chrono::milliseconds backup_every{0};
  std::size_t backup_keep = 7;
  std::size_t bundle_cache_bytes = 64 * 1024 * 1024;
  registry::Options registry;
  bool keeps_registry = true;  // false: what is kept of an earlier one stays, and nobody reads it
  admin::NorthflankOptions northflank;
  HistoryPolicy history;
  std::vector<source::Common> sources;
  ConfigSection source_section;  // what they were read from; without a tree: there are none
  // One of them runs programs: whoever may be the server's own user is no owner by that alone.
  bool sources_run_programs = false;
  std::filesystem::path config_file;  // that was read, or would be were it there
  // What `sources` of the config file, read anew, says otherwise than at the start; null in tests.
  std::function<base::Result<SourceChanges>()> source_changes;
  std::string log_level = "info";
  std::vector<std::string> warnings;  // to be logged at the start
};

// kInvalid names the setting, where it came from and what it takes.
[[nodiscard]] base::Result<Options> load_options(const RawSettings& raw);

// --data-dir or SUTLER_DATA_DIR, else /var/lib/sutler where it exists or for root, else
// $XDG_DATA_HOME/sutler (~/.local/share/sutler).
[[nodiscard]] std::filesystem::path default_data_dir();

// 127.0.0.0/8, ::1 and unix sockets.
[[nodiscard]] bool is_loopback(std::string_view address);

}  // namespace sutler::server
