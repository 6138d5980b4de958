// Where a credential of a source comes from. It is read anew at each login, so that a rotated file
// or a command that gives short-lived ones needs no restart.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "source/driver.h"

namespace sutler::source {

// Runs a program without a shell and gives what it wrote to stdout. Must end by the deadline and
// limit what it takes.
using CommandRunner =
    std::function<base::Result<base::Secret>(const std::vector<std::string>& argv, Deadline)>;

struct Credential {
  enum class From { kNone, kFile, kEnvironment, kCommand, kInline };
  From from = From::kNone;
  std::filesystem::path file = {};
  std::string variable = {};
  std::vector<std::string> command = {};
  base::Secret value = {};  // kInline

  [[nodiscard]] bool given() const { return from != From::kNone; }
  // "file /run/secrets/token", "environment variable VAULT_TOKEN", "command /usr/bin/x": for
  // messages.
  [[nodiscard]] std::string place() const;
  // The credential, at most 64 KiB, without the white space around it; an empty one is kInvalid.
  // The message names the place.
  [[nodiscard]] base::Result<base::Secret> read(const CommandRunner& run, Deadline deadline) const;
};

[[nodiscard]] Credential credential_from_file(std::filesystem::path file);
[[nodiscard]] Credential credential_from_environment(std::string variable);
[[nodiscard]] Credential credential_from_command(std::vector<std::string> argv);
[[nodiscard]] Credential credential_inline(base::Secret value);

}  // namespace sutler::source
