#include "server/options.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <thread>

#include "base/duration.h"
#include "base/log.h"
#include "server/proxy_roles.h"
#include "server/setting_reader.h"
#include "server/shared_database.h"

namespace sutler::server {
namespace {

using base::Code;
using base::fail;
using base::Result;

using Reader = SettingReader;

const std::string* environment(const RawSettings& raw, std::string_view name) {
  for (const auto& [key, value] : raw.environment) {
    if (key == name && !value.empty()) return &value;
  }
  return nullptr;
}

// HOST and PORT of the reference fill in where --listen says nothing.
Result<std::string> listen_address(const Reader& reader, const RawSettings& raw) {
  if (const auto* given = reader.text("listen")) return *given;
  const auto* host = environment(raw, "HOST");
  const auto* port = environment(raw, "PORT");
  if (port == nullptr && host == nullptr) return std::string("127.0.0.1:8080");
  if (port != nullptr) {
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port->data(), port->data() + port->size(), number);
    if (error != std::errc() || end != port->data() + port->size()) {
      return fail(Code::kInvalid, "PORT takes a whole number from 0 to 65535");
    }
  }
  // Many shells and CI systems set HOST to the machine's name; alone it decides nothing.
  if (port == nullptr) return std::string("127.0.0.1:8080");
  std::string address = host != nullptr ? *host : "0.0.0.0";
  if (address.find(':') != std::string::npos && !address.starts_with('[')) {
    address = "[" + address + "]";
  }
  return address + ":" + *port;
}

struct ListenerKeys {
  const char* listen;
  const char* cert;
  const char* key;
  const char* plain;
};

Result<std::optional<TlsFiles>> tls_files(Reader& reader, const ListenerKeys& keys,
                                          const std::string& address) {
  const auto* cert = reader.text(keys.cert);
  const auto* key = reader.text(keys.key);
  if ((cert == nullptr) != (key == nullptr)) {
    return fail(Code::kInvalid, std::string(keys.cert) + " and " + keys.key +
                                    " belong together, and only one is given");
  }
  const bool plain = reader.is_on(keys.plain);
  if (cert != nullptr) return std::optional(TlsFiles{*cert, *key});
  if (reader.error()) return base::Unexpected(*reader.error());
  if (!is_loopback(address) && !plain) {
    std::string plain_flag = keys.plain;
    for (char& c : plain_flag) c = c == '_' ? '-' : c;
    return fail(Code::kInvalid,
                address +
                    " is not a loopback address, and secrets must not cross a network in the "
                    "clear",
                "give a certificate (" + std::string(keys.cert) + ", " + keys.key + "), or say --" +
                    plain_flag + " (SUTLER_" +
                    (keys.plain == std::string("plain_http") ? "PLAIN_HTTP" : "ADMIN_PLAIN_HTTP") +
                    "=1) where TLS ends in front");
  }
  return std::optional<TlsFiles>();
}

Result<void> require_port(const std::string& key, const std::string& address) {
  if (address.find(':') != std::string::npos) return {};
  return fail(Code::kInvalid, key + ": address \"" + address + "\" has no port",
              "write HOST:PORT with a numeric host, such as 127.0.0.1:8080 or [::1]:8080");
}

bool is_field_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
  });
}

Result<void> read_proxy(Reader& reader, Options& options) {
  admin::ProxyOptions& proxy = options.admin_access.proxy;
  const auto* path = reader.text("admin_proxy_socket");
  auto roles = read_proxy_roles(reader.list("proxy_roles"), reader.origin("proxy_roles"));
  if (!roles) return pass(roles);
  proxy.roles = std::move(*roles);
  if ((path == nullptr) != proxy.roles.empty()) {
    return fail(Code::kInvalid, "admin_proxy_socket and proxy_roles belong together",
                "the socket needs at least one group that has a role");
  }
  if (path != nullptr) options.admin_proxy_socket = *path;
  for (const auto& [key, field] : {std::pair{"proxy_user_header", &proxy.user_field},
                                   std::pair{"proxy_groups_header", &proxy.groups_field}}) {
    if (const auto* name = reader.text(key)) *field = *name;
    if (!is_field_name(*field)) reader.wrong(key, "the name of a header field");
  }
  const auto uids = reader.list("admin_proxy_uids");
  if (!uids.empty()) proxy.uids.clear();
  for (const std::string& word : uids) {
    std::uint32_t uid = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), uid);
    if (error != std::errc() || end != word.data() + word.size()) {
      reader.wrong("admin_proxy_uids", "numbers of users");
    }
    proxy.uids.push_back(uid);
  }
  return {};
}

Result<void> read_listeners(Reader& reader, const RawSettings& raw, Options& options) {
  auto listen = listen_address(reader, raw);
  if (!listen) return pass(listen);
  options.listen = std::move(*listen);
  if (auto formed = require_port("listen", options.listen); !formed) return formed;
  if (const auto* admin = reader.text("admin_listen")) options.admin_listen = *admin;
  if (auto formed = require_port("admin_listen", options.admin_listen); !formed) return formed;
  auto tls = tls_files(reader, {"listen", "tls_cert", "tls_key", "plain_http"}, options.listen);
  if (!tls) return pass(tls);
  options.tls = std::move(*tls);
  auto admin_tls =
      tls_files(reader, {"admin_listen", "admin_tls_cert", "admin_tls_key", "admin_plain_http"},
                options.admin_listen);
  if (!admin_tls) return pass(admin_tls);
  options.admin_tls = std::move(*admin_tls);
  options.admin_hosts = reader.list("admin_host");
  // Where TLS ends in front, the browser speaks TLS all the same.
  const bool in_front = reader.is_on("admin_behind_tls");
  if (!options.admin_tls && (in_front || !is_loopback(options.admin_listen))) {
    options.admin_access.cookies = admin::CookieUse::kOnlyTls;
  }
  reader.number("admin_max_failures_per_minute", options.admin_access.failures_per_minute_max, 1,
                1'000'000'000);
  if (auto proxy = read_proxy(reader, options); !proxy) return proxy;
  if (reader.is_on("metrics_open")) {
    options.metrics_for = admin::Options::MetricsFor::kEverybody;
  }
  return {};
}

void read_http(Reader& reader, Options& options) {
  options.http.threads = std::max(1u, std::thread::hardware_concurrency());
  reader.number("threads", options.http.threads, 1, 256);
  reader.duration("header_timeout", options.http.timeouts.header);
  reader.duration("body_timeout", options.http.timeouts.body);
  reader.duration("idle_timeout", options.http.timeouts.idle);
  reader.duration("write_timeout", options.http.timeouts.write);
  reader.number("max_connections", options.http.limits.connections_max, 1, 1'000'000);
  reader.number("max_connections_per_client", options.http.limits.connections_per_client_max, 1,
                1'000'000);
}

void read_audit(Reader& reader, Options& options) {
  options.audit.folder = options.data_dir / "audit";
  if (const auto* when = reader.text("audit_sync")) {
    if (*when == "always") {
      options.audit.sync = audit::Sync::kAlways;
    } else if (*when != "1s") {
      reader.wrong("audit_sync", "always or 1s");
    }
  }
  reader.number("audit_rotate_bytes", options.audit.rotate_bytes, 4096, 1ull << 40);
  reader.number("audit_reserve_bytes", options.audit.reserve_bytes, 0, 1ull << 40);
  reader.number("audit_keep_bytes", options.audit.keep.bytes, 0, 1ull << 50);
  reader.number("audit_keep_days", options.audit.keep.days, 0, 36'500);
  options.audit.sinks = reader.list("audit_sinks");
  for (const std::string& sink : options.audit.sinks) {
    if (!audit::make_sink(sink)) {
      reader.wrong("audit_sinks",
                   "stdout, syslog, syslog:PATH, syslog+udp:HOST:PORT or "
                   "syslog+tcp:HOST:PORT, with numeric hosts");
    }
  }
  reader.duration("audit_sink_timeout", options.audit.sink_timeout);
  if (reader.is_off("audit_required")) {
    options.provider.audit = provider::AuditDemand::kBestEffort;
  }
}

std::filesystem::path config_file(const MergedSettings& merged) {
  return merged.config.value_or("/etc/sutler/sutler.yaml");
}

// What an operator does to put a new master key first, wherever the list stands now.
std::string how_to_add_key(const MergedSettings& merged) {
  const auto at = merged.origins.find("master_key");
  const std::string origin = at == merged.origins.end() ? "" : at->second;
  if (origin.starts_with("flag ")) {
    return "start the server anew with --master-key NEW before the present --master-key, which "
           "stays behind it";
  }
  if (origin == "SUTLER_MASTER_KEY") {
    return "start the server anew with SUTLER_MASTER_KEY=NEW,OLD: the new key first, the present "
           "ones behind it";
  }
  const std::string file = config_file(merged).string();
  if (!origin.empty()) {
    return "put the new key first in `master_key` (" + origin +
           "), keep the present ones behind it, and send the server SIGHUP";
  }
  return "write `master_key: [file:NEW, file:DATA_DIR/master.key]` into " + file +
         ", the new key first, and send the server SIGHUP";
}

// Only what the list can come from is kept: the environment holds other secrets.
void keep_master_key_sources(const RawSettings& raw, const MergedSettings& merged,
                             Options& options) {
  RawSettings kept;
  kept.config = raw.config;
  if (const auto flag = raw.flags.find("master_key"); flag != raw.flags.end()) {
    kept.flags.insert(*flag);
  }
  for (const auto& pair : raw.environment) {
    if (pair.first == "SUTLER_MASTER_KEY") kept.environment.push_back(pair);
  }
  options.reread_master_keys = [kept]() -> Result<std::vector<std::string>> {
    auto again = merge_settings(kept);
    if (!again) return pass(again);
    return again->values["master_key"];
  };
  options.master_keys_how = how_to_add_key(merged);
}

Result<void> read_sources(const RawSettings& raw, const MergedSettings& merged, Options& options) {
  options.config_file = config_file(merged);
  options.source_changes = [config = raw.config, data_dir = options.data_dir,
                            before = digests_of_sources(merged)] {
    return find_source_changes(config, data_dir, before);
  };
  const auto at = merged.sections.find("sources");
  if (at == merged.sections.end()) return {};
  auto sources = read_sources(at->second, options.data_dir);
  if (!sources) return pass(sources);
  for (const SourceConfig& one : *sources) options.sources.push_back(one.common);
  options.sources_run_programs = std::ranges::any_of(*sources, runs_programs);
  options.source_section = at->second;
  return {};
}

void read_backups(Reader& reader, Options& options) {
  const auto* folder = reader.text("backup_dir");
  options.backup_dir =
      folder != nullptr ? std::filesystem::path(*folder) : options.data_dir / "backups";
  reader.duration("backup_every", options.backup_every);
  if (options.backup_every.count() != 0 && options.backup_every < std::chrono::seconds(1)) {
    reader.wrong("backup_every", "a time of at least 1s, such as 24h, or 0s");
  }
  reader.number("backup_keep", options.backup_keep, 1, 10'000);
}

void read_history(Reader& reader, Options& options) {
  std::uint64_t number = 0;
  reader.number("history_keep_versions", number, 1, 1'000'000'000);
  if (number > 0) options.history.keep_versions = number;
  number = 0;
  reader.number("history_keep_days", number, 1, 100'000);
  if (number > 0) options.history.keep_days = number;
}

}  // namespace

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") ||
         address.starts_with("[::1]:") || address.starts_with("unix:");
}

Result<Options> load_options(const RawSettings& raw) {
  auto merged = merge_settings(raw);
  if (!merged) return pass(merged);
  Options options;
  options.warnings = merged->warnings;
  Reader reader(*merged);
  const auto* data_dir = reader.text("data_dir");
  options.data_dir = data_dir != nullptr ? std::filesystem::path(*data_dir) : default_data_dir();
  if (auto done = read_database(reader, merged->config, options); !done) return pass(done);
  if (auto listeners = read_listeners(reader, raw, options); !listeners) return pass(listeners);
  options.master_keys = reader.list("master_key");
  keep_master_key_sources(raw, *merged, options);
  if (auto sources = read_sources(raw, *merged, options); !sources) return pass(sources);
  if (reader.is_on("require_store")) options.store = StoreDemand::kMustExist;
  if (const auto* path = reader.text("apply")) options.apply = *path;
  if (reader.is_on("allow_weak_keys")) options.weak_keys = model::WeakKeys::kAllow;
  if (const auto* secret = environment(raw, "SECRET")) {
    options.secret_key.emplace(std::string_view(*secret));
  }
  read_http(reader, options);
  read_audit(reader, options);
  read_backups(reader, options);
  reader.duration("drain_delay", options.drain_delay);
  reader.number("max_failures_per_minute", options.provider.failures_per_minute_max, 1,
                1'000'000'000);
  reader.number("bundle_cache_bytes", options.bundle_cache_bytes, 0, 1ull << 40);
  if (const auto* file = reader.text("northflank_token_file")) {
    options.northflank.token_file = *file;
  }
  if (const auto* api = reader.text("northflank_api")) {
    options.northflank.api = *api;
    if (!api->starts_with("https://") && !api->starts_with("http://")) {
      reader.wrong("northflank_api", "an http or https URL");
    }
  }
  std::size_t workloads_max = options.registry.workloads_max;
  reader.number("registry_workloads_max", workloads_max, 0, 10'000'000);
  options.keeps_registry = workloads_max > 0;
  if (options.keeps_registry) options.registry.workloads_max = workloads_max;
  read_history(reader, options);
  if (const auto* level = reader.text("log_level")) {
    options.log_level = *level;
    if (!base::log::is_level(*level)) {
      reader.wrong("log_level", "debug, info, warning, error or off");
    }
  }
  if (reader.error()) return base::Unexpected(*reader.error());
  return options;
}

}  // namespace sutler::server
