#include "cli/server_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "cli/output.h"

namespace sutler::cli {

using server::SettingKind;

void ServerFlags::declare(CLI::App& command, const std::vector<std::string_view>& only) {
  for (const server::Setting& setting : server::settings()) {
    if (setting.where == server::Where::kConfigOnly) continue;
    if (!only.empty() && std::find(only.begin(), only.end(), setting.key) == only.end()) continue;
    Given& given = given_[std::string(setting.key)];
    given.kind = setting.kind;
    const std::string name = server::flag_name(setting);
    const std::string placeholder(setting.placeholder), help(setting.help);
    const OptionText text{name.c_str(), placeholder.c_str(), help.c_str()};
    switch (setting.kind) {
      case SettingKind::kValue: given.option = &add_text(command, given.text, text); break;
      case SettingKind::kList: given.option = &add_list(command, given.list, text); break;
      case SettingKind::kMap:
      case SettingKind::kSection: break;  // of the config file only
      case SettingKind::kSwitch:
        given.option = &add_switch(command, given.on, name.c_str(), help.c_str());
        break;
    }
  }
  add_text(command, config_,
           {"--config", "FILE", "settings as YAML (SUTLER_CONFIG, /etc/sutler/sutler.yaml)"});
}

server::RawSettings ServerFlags::raw(const Context& context) const {
  server::RawSettings raw;
  for (const auto& [key, given] : given_) {
    if (given.option->count() == 0) continue;
    switch (given.kind) {
      case SettingKind::kValue: raw.flags[key] = {given.text}; break;
      case SettingKind::kList: raw.flags[key] = given.list; break;
      case SettingKind::kMap:
      case SettingKind::kSection: break;
      case SettingKind::kSwitch: raw.flags[key] = {"true"}; break;
    }
  }
  // `sutler --data-dir DIR serve`
  if (!context.data_dir.empty()) raw.flags.try_emplace("data_dir", 1, context.data_dir);
  raw.environment = environment_pairs();
  if (!config_.empty()) {
    raw.config = config_;
  } else if (const char* named = std::getenv("SUTLER_CONFIG"); named != nullptr && *named != '\0') {
    raw.config = named;
  }
  return raw;
}

base::Result<server::Options> ServerFlags::load(const Context& context) const {
  auto options = server::load_options(raw(context));
  if (options) return options;
  base::Error error = std::move(options.error());
  const bool names_a_flag = error.message.find("--") != std::string::npos;
  if (error.code == base::Code::kInvalid && names_a_flag) error.name = kUsage;
  if (error.code == base::Code::kNotFound) error.code = base::Code::kInvalid;
  return std::unexpected(std::move(error));
}

std::vector<std::pair<std::string, std::string>> environment_pairs() {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    pairs.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return pairs;
}

}  // namespace sutler::cli
