// The settings of `sutler serve`, as one table: each is a flag, an environment variable and a key
// of the config file, in this order of precedence.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "server/config_tree.h"

namespace sutler::server {

enum class SettingKind {
  kValue,
  kSwitch,   // true or false
  kList,     // may be given several times; a list in the config file, separated by `,` in the
             // environment
  kMap,      // of the config file only
  kSection,  // of the config file only, with a reader of its own
};

enum class Where {
  kEverywhere,
  kConfigOnly,  // what weakens a promise is set by who owns the server's disk, in writing
};

struct Setting {
  std::string_view key;  // of the config file; `--key-with-dashes`, `SUTLER_KEY`
  SettingKind kind;
  std::string_view placeholder;  // in --help
  std::string_view help;         // one line; its default in parentheses
  Where where = Where::kEverywhere;
};

[[nodiscard]] std::span<const Setting> settings();
[[nodiscard]] std::string flag_name(const Setting& setting);         // "--tls-cert"
[[nodiscard]] std::string environment_name(const Setting& setting);  // "SUTLER_TLS_CERT"

// What was given where. Flags and config values are keyed by Setting::key.
struct RawSettings {
  std::map<std::string, std::vector<std::string>> flags;
  std::vector<std::pair<std::string, std::string>> environment;
  std::optional<std::filesystem::path> config;  // none: /etc/sutler/sutler.yaml where it is there
};

// The winning values by key, and what is worth a warning.
struct MergedSettings {
  std::map<std::string, std::vector<std::string>> values;
  std::map<std::string, ConfigSection> sections;
  std::map<std::string, std::string> origins;  // "flag --listen", "SUTLER_LISTEN", "FILE:3"
  std::vector<std::string> warnings;
  std::optional<std::filesystem::path> config;  // that was read
};

// Unknown keys of the config file are errors that name file, line and key; unknown SUTLER_* are
// warnings.
[[nodiscard]] base::Result<MergedSettings> merge_settings(const RawSettings& raw);

}  // namespace sutler::server
