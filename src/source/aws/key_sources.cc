#include "source/aws/key_sources.h"

#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "base/file.h"
#include "source/aws/locator.h"
#include "source/aws/profile.h"
#include "source/call.h"

namespace sutler::source {
namespace {

constexpr std::size_t kProfileBytesMax = 1024 * 1024;

std::string who(const AwsConfig& config) { return "source " + config.name; }

std::unexpected<Failure> login_failure(const AwsConfig& config, const std::string& why) {
  return failed(FailureKind::kLogin, who(config) + ": " + why);
}

std::filesystem::path profile_path(const AwsConfig& config, ProfileFile kind) {
  const bool keys = kind == ProfileFile::kCredentials;
  const auto& configured = keys ? config.credentials_file : config.config_file;
  if (!configured.empty()) return configured;
  const auto named = aws_variable(config, keys ? "AWS_SHARED_CREDENTIALS_FILE" : "AWS_CONFIG_FILE");
  if (named) return *named;
  const auto home = aws_variable(config, "HOME");
  if (!home) return {};
  return std::filesystem::path(*home) / ".aws" / (keys ? "credentials" : "config");
}

std::string profile_name(const AwsConfig& config) {
  if (!config.profile.empty()) return config.profile;
  return aws_variable(config, "AWS_PROFILE").value_or("default");
}

// Both files as one; what the credentials file says wins. Nothing: no such profile.
base::Result<std::optional<ProfileSettings>> profile_settings(const AwsConfig& config) {
  std::optional<ProfileSettings> all;
  for (const auto kind : {ProfileFile::kCredentials, ProfileFile::kConfig}) {
    const auto path = profile_path(config, kind);
    if (path.empty()) continue;
    const auto text = base::read_file(path, kProfileBytesMax);
    if (!text && text.error().code == base::Code::kNotFound) continue;
    if (!text) return base::Unexpected(text.error());
    auto one = read_profile(text->expose(), kind, profile_name(config));
    if (!one) continue;
    if (all) {
      all->merge(*one);
    } else {
      all = std::move(one);
    }
  }
  return all;
}

// The view dies with the settings; empty: it does not say.
std::string_view setting(const ProfileSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string_view() : found->second.expose();
}

Answer<AwsKeys> assume_role(const AwsConfig& config, const std::string& role,
                            const std::filesystem::path& token_file, Deadline deadline) {
  const auto token = credential_from_file(token_file).read({}, deadline);
  if (!token) return login_failure(config, token.error().message);
  std::string body = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=";
  base::append_percent_encoded(body, role);
  body += "&RoleSessionName=";
  base::append_percent_encoded(body,
                               aws_variable(config, "AWS_ROLE_SESSION_NAME").value_or("sutler"));
  body += "&WebIdentityToken=";
  body.reserve(body.size() + token->size() * 3);
  base::append_percent_encoded(body, token->expose());
  client::ClientRequest request;
  request.method = "POST";
  request.url = config.sts_endpoint;
  if (request.url.empty()) {
    const std::string region = aws_region(config);
    if (region.empty()) return login_failure(config, "no region is set, so STS cannot be found");
    request.url = aws_endpoint("sts", region);
  }
  request.fields = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = base::Secret(std::move(body));
  request.ca_file = config.ca_file;
  auto response = call(std::move(request), who(config), deadline, config.connect_timeout);
  if (!response) return std::unexpected(std::move(response.error()));
  auto keys = read_assumed_role({response->status, response->body.expose(), {}},
                                who(config) + ": AssumeRoleWithWebIdentity");
  if (keys) keys->from = "a web identity";
  return keys;
}

// Empty: it is not set.
base::Secret secret_variable(const AwsConfig& config, const std::string& name) {
  return base::Secret(aws_variable(config, name).value_or(""));
}

// Why a profile without keys of its own is not followed; empty: nothing of that kind is in it.
std::string unsupported(const ProfileSettings& settings) {
  for (const char* name : {"credential_process", "sso_session", "sso_start_url", "source_profile",
                           "credential_source", "login_session"}) {
    if (settings.contains(std::string_view(name))) return name;
  }
  return {};
}

}  // namespace

std::optional<std::string> aws_variable(const AwsConfig& config, const std::string& name) {
  std::optional<std::string> value;
  if (config.environment) {
    value = config.environment(name);
  } else if (const char* text = std::getenv(name.c_str())) {
    value = text;
  }
  if (value && value->empty()) value.reset();
  return value;
}

std::string aws_region(const AwsConfig& config) {
  if (!config.region.empty()) return config.region;
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = aws_variable(config, name)) return *region;
  }
  const auto settings = profile_settings(config);
  return std::string(settings && *settings ? setting(**settings, "region") : "");
}

std::string aws_endpoint(const std::string& service, const std::string& region) {
  return "https://" + service + "." + region + ".amazonaws.com" +
         (region.starts_with("cn-") ? ".cn/" : "/");
}

FoundKeys configured_keys(const AwsConfig& config, Deadline deadline) {
  const auto id = config.access_key_id.read(config.run_command, deadline);
  if (!id) return login_failure(config, id.error().message);
  auto secret = config.secret_access_key.read(config.run_command, deadline);
  if (!secret) return login_failure(config, secret.error().message);
  AwsKeys keys{
      std::string(id->expose()), base::LockedBytes(secret->expose()), {}, {}, "the config file"};
  if (config.session_token.given()) {
    auto token = config.session_token.read(config.run_command, deadline);
    if (!token) return login_failure(config, token.error().message);
    keys.session_token = base::LockedBytes(token->expose());
  }
  return keys;
}

FoundKeys environment_keys(const AwsConfig& config) {
  auto id = aws_variable(config, "AWS_ACCESS_KEY_ID");
  const base::Secret secret = secret_variable(config, "AWS_SECRET_ACCESS_KEY");
  if (!id && secret.empty()) return std::nullopt;
  if (!id || secret.empty()) {
    return login_failure(config, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set");
  }
  const base::Secret token = secret_variable(config, "AWS_SESSION_TOKEN");
  return AwsKeys{std::move(*id),
                 base::LockedBytes(secret.expose()),
                 base::LockedBytes(token.expose()),
                 {},
                 "the environment"};
}

FoundKeys web_identity_keys(const AwsConfig& config, Deadline deadline) {
  const std::string role =
      config.role_arn.empty() ? aws_variable(config, "AWS_ROLE_ARN").value_or("") : config.role_arn;
  const std::string file = config.web_identity_token_file.empty()
                               ? aws_variable(config, "AWS_WEB_IDENTITY_TOKEN_FILE").value_or("")
                               : config.web_identity_token_file.string();
  if (file.empty()) return std::nullopt;
  if (role.empty()) return login_failure(config, "a web identity has no role: set AWS_ROLE_ARN");
  return assume_role(config, role, file, deadline);
}

FoundKeys profile_keys(const AwsConfig& config, Deadline deadline) {
  auto found = profile_settings(config);
  if (!found) return login_failure(config, found.error().message);
  if (!*found) return std::nullopt;
  const ProfileSettings& settings = **found;
  const std::string shown = "profile " + profile_name(config);
  const std::string_view id = setting(settings, "aws_access_key_id");
  const std::string_view secret = setting(settings, "aws_secret_access_key");
  if (!id.empty() && !secret.empty()) {
    return AwsKeys{std::string(id),
                   base::LockedBytes(secret),
                   base::LockedBytes(setting(settings, "aws_session_token")),
                   {},
                   shown};
  }
  if (!id.empty() || !secret.empty()) {
    return login_failure(config, shown + " has only one half of its keys");
  }
  if (const std::string why = unsupported(settings); !why.empty()) {
    return login_failure(config, shown + " wants " + why +
                                     ", which is not done: give keys, a web identity or an "
                                     "instance role, or set credentials by command");
  }
  const std::string file(setting(settings, "web_identity_token_file"));
  const std::string role(setting(settings, "role_arn"));
  if (!file.empty() && !role.empty()) return assume_role(config, role, file, deadline);
  return std::nullopt;  // a region and the like only
}

Answer<AwsKeys> find_keys(const AwsConfig& config, Deadline deadline) {
  const auto must = [&config](FoundKeys found, const char* what) -> Answer<AwsKeys> {
    if (found) return std::move(*found);
    return login_failure(config, std::string("no keys: ") + what + " is not set up");
  };
  switch (config.auth) {
    case AwsAuth::kKeys: return must(configured_keys(config, deadline), "the config file");
    case AwsAuth::kEnvironment: return must(environment_keys(config), "AWS_ACCESS_KEY_ID");
    case AwsAuth::kWebIdentity:
      return must(web_identity_keys(config, deadline), "AWS_WEB_IDENTITY_TOKEN_FILE");
    case AwsAuth::kProfile: return must(profile_keys(config, deadline), "the profile");
    case AwsAuth::kContainer:
      return must(container_keys(config, deadline), "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    case AwsAuth::kInstance: return must(instance_keys(config, deadline), "instance metadata");
    case AwsAuth::kChain: break;
  }
  if (auto keys = environment_keys(config)) return std::move(*keys);
  if (auto keys = web_identity_keys(config, deadline)) return std::move(*keys);
  if (auto keys = profile_keys(config, deadline)) return std::move(*keys);
  if (auto keys = container_keys(config, deadline)) return std::move(*keys);
  if (auto keys = instance_keys(config, deadline)) return std::move(*keys);
  return login_failure(config,
                       "no keys in the environment, a web identity, a profile, a container "
                       "endpoint or instance metadata");
}

}  // namespace sutler::source
