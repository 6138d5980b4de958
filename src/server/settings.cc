#include "server/settings.h"

#include <algorithm>
#include <cctype>

#include "server/config_file.h"

namespace sutler::server {
namespace {

using base::Code;
using base::fail;
using base::Result;

constexpr auto kValue = SettingKind::kValue;
constexpr auto kSwitch = SettingKind::kSwitch;
constexpr auto kList = SettingKind::kList;
constexpr auto kMap = SettingKind::kMap;
constexpr auto kSection = SettingKind::kSection;

constexpr Setting kSettings[] = {
    {"data_dir", kValue, "DIR", "where the store, its keys and the audit log are"},
    {"store", kValue, "URI",
     "postgresql://…: a database that several nodes share (DATA_DIR/sutler.db)"},
    {"snapshot_age_max", kValue, "TIME",
     "refuse fetches when the shared database could not be asked for so long; 0s: never (0s)"},
    {"snapshot_file", kSwitch, "",
     "keep a sealed copy of the shared store, to start from while its database is away"},
    {"listen", kValue, "ADDRESS", "where workloads ask for their secrets (127.0.0.1:8080)"},
    {"tls_cert", kValue, "FILE", "certificate chain for --listen, PEM; read again when it changes"},
    {"tls_key", kValue, "FILE", "its private key, PEM"},
    {"plain_http", kSwitch, "", "TLS ends in front of --listen: allow plain HTTP off loopback"},
    {"admin_listen", kValue, "ADDRESS", "where operators ask (127.0.0.1:8081)"},
    {"admin_tls_cert", kValue, "FILE", "certificate chain for --admin-listen"},
    {"admin_tls_key", kValue, "FILE", "its private key"},
    {"admin_plain_http", kSwitch, "", "TLS ends in front of --admin-listen"},
    {"admin_host", kList, "NAME", "a Host that --admin-listen answers to, beside its own address"},
    {"admin_max_failures_per_minute", kValue, "N",
     "wrong operator tokens of one address before 429 (10); a right token is never throttled"},
    {"admin_proxy_socket", kValue, "PATH",
     "a unix socket that believes an authenticating proxy who is asking", Where::kConfigOnly},
    {"admin_proxy_uids", kList, "UID", "whose connections to that socket are the proxy's (0)",
     Where::kConfigOnly},
    {"proxy_user_header", kValue, "NAME", "the proxy's field for the user (X-Forwarded-User)",
     Where::kConfigOnly},
    {"proxy_groups_header", kValue, "NAME", "the proxy's field for his groups (X-Forwarded-Groups)",
     Where::kConfigOnly},
    {"proxy_roles", kMap, "ROLES", "what each group may do: `group: {role, reveal, scopes}`",
     Where::kConfigOnly},
    {"admin_behind_tls", kSwitch, "",
     "browsers reach --admin-listen through a TLS proxy: cookies are Secure"},
    {"metrics_open", kSwitch, "", "/metrics of --admin-listen asks nobody for credentials"},
    {"master_key", kList, "SPEC",
     "file:PATH, env:NAME, credential:NAME or command:ARGV; the first wraps, all open "
     "(file:DATA_DIR/master.key)"},
    {"require_store", kSwitch, "", "an empty data directory is an error, not a first start"},
    {"apply", kValue, "PATH", "apply these groups (a file or a folder) before serving"},
    {"threads", kValue, "N", "threads that serve workloads (one per core)"},
    {"allow_weak_keys", kSwitch, "", "accept signing keys that could be guessed"},
    {"drain_delay", kValue, "TIME", "after SIGTERM say not ready this long before closing (0s)"},
    {"audit_sync", kValue, "WHEN", "when fetch records reach the disk: always, or within 1s (1s)"},
    {"audit_rotate_bytes", kValue, "N", "size at which the audit file is rotated (67108864)"},
    {"audit_reserve_bytes", kValue, "N", "kept free for grants when the disk is full (67108864)"},
    {"audit_keep_bytes", kValue, "N",
     "size of all audit files above which the oldest go; 0: they are kept (0)"},
    {"audit_keep_days", kValue, "N", "age after which audit files go; 0: they are kept (0)"},
    {"audit_copy", kValue, "true|false",
     "copy this node's audit to the shared store, so that one query finds that of all (true)"},
    {"audit_sinks", kList, "SINK",
     "beside the file: stdout, syslog, syslog:PATH, syslog+udp:HOST:PORT, syslog+tcp:HOST:PORT",
     Where::kConfigOnly},
    {"audit_sink_timeout", kValue, "TIME", "after which a sink that takes nothing has failed (2s)",
     Where::kConfigOnly},
    {"audit_required", kValue, "true|false", "false: answer even when the audit cannot be written",
     Where::kConfigOnly},
    {"header_timeout", kValue, "TIME", "for a request's header to arrive (10s)"},
    {"body_timeout", kValue, "TIME", "for a request's body to arrive, admin only (60s)"},
    {"idle_timeout", kValue, "TIME", "for the next request of a connection (75s)"},
    {"write_timeout", kValue, "TIME", "for a client to take an answer (30s)"},
    {"max_connections", kValue, "N", "open connections in all (10000)"},
    {"max_connections_per_client", kValue, "N", "from one address (10000)"},
    {"max_failures_per_minute", kValue, "N",
     "failed tokens of one address before 429 (6000); a token that verifies is never throttled"},
    {"bundle_cache_bytes", kValue, "N", "memory for rendered answers (67108864)"},
    {"northflank_token_file", kValue, "FILE",
     "token for Northflank's API, which `sutler restart` calls; none: it prints the calls",
     Where::kConfigOnly},
    {"northflank_api", kValue, "URL", "where that API is (https://api.northflank.com)",
     Where::kConfigOnly},
    {"registry_workloads_max", kValue, "N",
     "workloads that the registry remembers (200000; 0: none); beyond, those unseen for longest "
     "go"},
    {"backup_dir", kValue, "DIR", "where backups are written (DATA_DIR/backups)"},
    {"backup_every", kValue, "TIME", "make a backup this often; 0s: only when asked (0s)"},
    {"backup_keep", kValue, "N", "backups to keep; older ones go when a new one is there (7)"},
    {"history_keep_versions", kValue, "N",
     "the newest versions of each group that are kept, the current one counted (all)"},
    {"history_keep_days", kValue, "N",
     "older versions that were in force in so many days are kept too (all)"},
    {"sources", kSection, "LIST", "other stores that groups refer to, see docs/sources/README.md",
     Where::kConfigOnly},
    {"log_level", kValue, "LEVEL", "debug, info, warning, error or off (info)"},
};

// Read by the command, not by the server.
constexpr std::string_view kOtherVariables[] = {"SUTLER_CONFIG", "SUTLER_ADDR", "SUTLER_TOKEN",
                                                "SUTLER_TEAM", "SUTLER_CACERT"};

const Setting* find(std::string_view key) {
  const auto at = std::ranges::find(kSettings, key, &Setting::key);
  return at == std::end(kSettings) ? nullptr : at;
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> out;
  std::size_t start = 0;
  while (start <= text.size()) {
    const auto comma = std::min(text.find(',', start), text.size());
    if (comma > start) out.push_back(text.substr(start, comma - start));
    start = comma + 1;
  }
  return out;
}

Result<void> take_config(const RawSettings& raw, MergedSettings& merged) {
  std::filesystem::path path = "/etc/sutler/sutler.yaml";
  if (raw.config) {
    path = *raw.config;
  } else if (!std::filesystem::exists(path)) {
    return {};
  }
  auto file = read_config_file(path);
  if (!file) return pass(file);
  merged.config = path;
  for (auto& [key, value] : file->values) {
    const std::string where = path.string() + ":" + std::to_string(value.line);
    const Setting* setting = find(key);
    if (setting == nullptr) {
      return fail(Code::kInvalid, where + ": unknown key \"" + key + "\"",
                  "`sutler serve --help` lists the settings; keys are the flags with `_` for `-`");
    }
    if (setting->kind == kSection) {
      merged.sections[key] = {value.tree, file->document, path};
      continue;
    }
    if (value.shape == ConfigValue::Shape::kNested) {
      return fail(Code::kInvalid,
                  where + ": " + key + ": a list of a setting holds plain values only");
    }
    if ((setting->kind == kMap) != (value.shape == ConfigValue::Shape::kMap)) {
      return fail(Code::kInvalid, where + ": " + key +
                                      (setting->kind == kMap ? " takes members, `name: …`"
                                                             : " takes a value or a list of them"));
    }
    if (setting->kind != kList && setting->kind != kMap && value.values.size() != 1) {
      return fail(Code::kInvalid, where + ": " + key + " takes one value, not a list");
    }
    merged.values[key] = std::move(value.values);
    merged.origins[key] = where;
  }
  return {};
}

void take_environment(const RawSettings& raw, MergedSettings& merged) {
  for (const auto& [name, value] : raw.environment) {
    if (!name.starts_with("SUTLER_")) continue;
    if (std::ranges::find(kOtherVariables, name) != std::end(kOtherVariables)) continue;
    const auto at = std::ranges::find_if(
        kSettings, [&](const Setting& s) { return environment_name(s) == name; });
    if (at == std::end(kSettings) || at->where == Where::kConfigOnly) {
      merged.warnings.push_back("environment variable " + name + " is not a setting of sutler");
      continue;
    }
    const std::string key(at->key);
    merged.values[key] = at->kind == kList ? split_list(value) : std::vector<std::string>{value};
    merged.origins[key] = name;
  }
}

}  // namespace

std::span<const Setting> settings() { return kSettings; }

std::string flag_name(const Setting& setting) {
  std::string name = "--" + std::string(setting.key);
  std::ranges::replace(name, '_', '-');
  return name;
}

std::string environment_name(const Setting& setting) {
  std::string name = "SUTLER_";
  for (const char c : setting.key) {
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return name;
}

Result<MergedSettings> merge_settings(const RawSettings& raw) {
  MergedSettings merged;
  if (auto taken = take_config(raw, merged); !taken) return pass(taken);
  take_environment(raw, merged);
  for (const auto& [key, values] : raw.flags) {
    const Setting* setting = find(key);
    if (setting == nullptr) return fail(Code::kInvalid, "unknown setting " + key);
    merged.values[key] = values;
    merged.origins[key] = "flag " + flag_name(*setting);
  }
  return merged;
}

}  // namespace sutler::server
