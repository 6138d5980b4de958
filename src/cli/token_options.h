// What `fetch`, `jwt sign` and `jwt verify` need to make or check a token.
#pragma once

#include <string>

#include "base/result.h"
#include "base/secret.h"
#include "cli/command.h"
#include "cli/workload_options.h"

namespace sutler::cli {

struct TokenOptions {
  std::string key_file;
  std::string algorithm = "HS256";
  std::string lifetime = "24h";
  WorkloadOptions workload;
};

// --key-file; required.
void add_key_file_option(CLI::App& command, std::string& key_file);
// All of them.
void add_token_options(CLI::App& command, TokenOptions& options);

// A token as Northflank signs them, valid from now. Usage errors name the flag.
[[nodiscard]] base::Result<base::Secret> make_token(const TokenOptions& options);

}  // namespace sutler::cli
