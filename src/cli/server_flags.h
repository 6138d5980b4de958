// The settings of the server as flags: one table, in the room `server`, says what they are.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "cli/command.h"
#include "server/options.h"

namespace sutler::cli {

class ServerFlags {
 public:
  // Declares the flags of all settings that may be flags, or of those named, and --config. Must
  // outlive the parse.
  void declare(CLI::App& command, const std::vector<std::string_view>& only = {});

  // The settings from the flags, the environment and the config file (--config, SUTLER_CONFIG).
  // Errors as server::load_options; one that is about a flag is told with exit status 2.
  [[nodiscard]] base::Result<server::Options> load(const Context& context) const;

 private:
  struct Given {
    std::string text;
    std::vector<std::string> list;
    bool on = false;
    server::SettingKind kind = server::SettingKind::kValue;
    const CLI::Option* option = nullptr;
  };
  [[nodiscard]] server::RawSettings raw(const Context& context) const;

  std::map<std::string, Given> given_;  // by key
  std::string config_;
};

// This process's environment.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> environment_pairs();

}  // namespace sutler::cli
