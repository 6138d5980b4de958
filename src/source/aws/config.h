// What the config file says of a source of kind `aws-secretsmanager` or `aws-ssm`.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "source/credential.h"
#include "source/driver.h"

namespace sutler::source {

// Where the keys that sign come from. kChain: the first of these that is there, in this order:
// environment, web identity, profile file, container endpoint, instance metadata.
enum class AwsAuth { kChain, kKeys, kEnvironment, kWebIdentity, kProfile, kContainer, kInstance };

struct AwsConfig {
  std::string name;          // of the source, for messages
  std::string region;        // empty: AWS_REGION, AWS_DEFAULT_REGION, the profile's
  std::string endpoint;      // empty: the service's own of the region; else "https://HOST:PORT"
  std::string sts_endpoint;  // the same for STS (web identity)
  std::filesystem::path ca_file;

  AwsAuth auth = AwsAuth::kChain;
  Credential access_key_id, secret_access_key, session_token;  // kKeys; the last may be none
  std::string profile;                                         // empty: AWS_PROFILE, else "default"
  std::filesystem::path credentials_file;  // empty: AWS_SHARED_CREDENTIALS_FILE, ~/.aws/credentials
  std::filesystem::path config_file;       // empty: AWS_CONFIG_FILE, ~/.aws/config
  std::string role_arn;                    // web identity; empty: AWS_ROLE_ARN
  std::filesystem::path web_identity_token_file;             // empty: AWS_WEB_IDENTITY_TOKEN_FILE
  std::string metadata_endpoint = "http://169.254.169.254";  // of the instance

  std::chrono::milliseconds connect_timeout{3'000};
  CommandRunner run_command;  // for kKeys by command
  // What the environment says of a variable; empty: the process's own.
  std::function<std::optional<std::string>(const std::string& variable)> environment;
};

// kInvalid, with a hint, for a config that can never work.
[[nodiscard]] base::Result<void> check_aws_config(const AwsConfig& config);

// No I/O before the first call. `clock` must live as long as the driver.
[[nodiscard]] std::unique_ptr<Driver> make_aws_secretsmanager(AwsConfig config,
                                                              const base::Clock& clock);
[[nodiscard]] std::unique_ptr<Driver> make_aws_ssm(AwsConfig config, const base::Clock& clock);

}  // namespace sutler::source
