#include "cli/token_options.h"

#include "base/clock.h"
#include "cli/duration.h"
#include "cli/local_file.h"
#include "cli/output.h"
#include "jwt/sign.h"

namespace sutler::cli {

void add_key_file_option(CLI::App& command, std::string& key_file) {
  add_text(command, key_file,
           {"--key-file", "FILE", "the signing key shared with Northflank; - is standard input"})
      .required();
}

void add_token_options(CLI::App& command, TokenOptions& options) {
  add_key_file_option(command, options.key_file);
  add_workload_options(command, options.workload);
  add_text(command, options.algorithm, {"--alg", "ALG", "HS256, HS384 or HS512 (HS256)"});
  add_text(command, options.lifetime, {"--ttl", "TIME", "how long the token is valid (24h)"});
}

base::Result<base::Secret> make_token(const TokenOptions& options) {
  const auto algorithm = jwt::algorithm_from(options.algorithm);
  if (!algorithm) {
    return usage_error("--alg " + options.algorithm + " is none of HS256, HS384, HS512",
                       "Northflank signs with HS256, which is the default");
  }
  auto lifetime = parse_duration(options.lifetime, "--ttl");
  if (!lifetime) return base::pass(lifetime);
  auto key = read_signing_key(options.key_file);
  if (!key) return base::pass(key);
  jwt::SigningInput input;
  input.key = key->expose();
  input.algorithm = *algorithm;
  input.project_id = options.workload.project;
  input.object_id = options.workload.object;
  input.object_type = options.workload.type;
  input.now = base::SystemClock().now();
  input.lifetime = *lifetime;
  auto token = jwt::sign(input);
  if (!token) return base::pass(token);
  return base::Secret(std::move(*token));
}

}  // namespace sutler::cli
