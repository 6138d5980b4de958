#include "server/source_kind.h"

#include <array>
#include <utility>

#include "server/source_words.h"

namespace sutler::server {
namespace {

using source::AwsAuth;
using source::AwsConfig;
using source::Common;
using source::Credential;
using source::VaultAuth;
using source::VaultConfig;

// `{file: PATH}`, `{env: NAME}`, `{command: [ARGV…]}` or `{value: …}`.
Credential read_credential(MapReader& parent, std::string_view member) {
  auto reader = parent.map(member);
  if (!reader) return {};
  Credential credential;
  int given = 0;
  if (reader->has("file")) {
    ++given;
    credential = source::credential_from_file(reader->text("file"));
  }
  if (reader->has("env")) {
    ++given;
    credential = source::credential_from_environment(reader->text("env"));
  }
  if (reader->has("command")) {
    ++given;
    credential = source::credential_from_command(reader->texts("command"));
  }
  if (auto value = reader->secret("value")) {
    ++given;
    credential = source::credential_inline(std::move(*value));
  }
  reader->finish();
  if (given != 1) {
    parent.wrong(member, "one of {file: PATH}, {env: NAME}, {command: [ARGV]} or {value: …}");
  }
  return credential;
}

constexpr std::array kVaultAuths = {
    std::pair<std::string_view, VaultAuth>{"token", VaultAuth::kToken},
    std::pair<std::string_view, VaultAuth>{"approle", VaultAuth::kAppRole},
    std::pair<std::string_view, VaultAuth>{"jwt", VaultAuth::kJwt},
    std::pair<std::string_view, VaultAuth>{"kubernetes", VaultAuth::kKubernetes},
    std::pair<std::string_view, VaultAuth>{"cert", VaultAuth::kCert}};

constexpr std::array kAwsAuths = {
    std::pair<std::string_view, AwsAuth>{"chain", AwsAuth::kChain},
    std::pair<std::string_view, AwsAuth>{"keys", AwsAuth::kKeys},
    std::pair<std::string_view, AwsAuth>{"environment", AwsAuth::kEnvironment},
    std::pair<std::string_view, AwsAuth>{"web_identity", AwsAuth::kWebIdentity},
    std::pair<std::string_view, AwsAuth>{"profile", AwsAuth::kProfile},
    std::pair<std::string_view, AwsAuth>{"container", AwsAuth::kContainer},
    std::pair<std::string_view, AwsAuth>{"instance", AwsAuth::kInstance}};

constexpr std::chrono::milliseconds kConnectMin{10};

void read_vault_connection(MapReader& reader, VaultConfig& config) {
  config.address = reader.required_text("address");
  config.vault_namespace = reader.text("namespace");
  config.ca_file = reader.text("ca_file");
  config.client_certificate = reader.text("client_certificate");
  config.client_key = reader.text("client_key");
  reader.time("connect_timeout", config.connect_timeout, kConnectMin);
  for (const auto& [path, version] : reader.pairs("mounts")) {
    if (path.empty() || (version != "1" && version != "2")) {
      reader.wrong("mounts", "versions of KV by mount, `{secret: 2, old/kv: 1}`");
    }
    config.mounts.push_back({path, version == "1" ? 1 : 2});
  }
  if (auto version = reader.whole("kv_version", 1, 2)) {
    config.kv_version = static_cast<int>(*version);
  }
  reader.finish();
}

void read_vault_credentials(MapReader& reader, VaultConfig& config) {
  read_word(reader, "auth", config.auth, kVaultAuths);
  config.auth_mount = reader.text("mount");
  config.role = reader.text("role");
  config.token = read_credential(reader, "token");
  config.role_id = read_credential(reader, "role_id");
  config.secret_id = read_credential(reader, "secret_id");
  config.jwt = read_credential(reader, "jwt");
  reader.finish();
}

VaultConfig read_vault(MapReader& reader, const Common& common) {
  VaultConfig config;
  config.name = common.name;
  if (auto connection = reader.map("connection")) {
    read_vault_connection(*connection, config);
  } else {
    reader.refuse("member connection is missing", "write `connection: {address: https://…}`");
  }
  if (auto credentials = reader.map("credentials")) read_vault_credentials(*credentials, config);
  if (reader.is_good()) take_check(reader, check_vault_config(config));
  return config;
}

AwsConfig read_aws(MapReader& reader, const Common& common) {
  AwsConfig config;
  config.name = common.name;
  if (auto connection = reader.map("connection")) {
    config.region = connection->text("region");
    config.endpoint = connection->text("endpoint");
    config.sts_endpoint = connection->text("sts_endpoint");
    config.ca_file = connection->text("ca_file");
    if (connection->has("metadata_endpoint")) {
      config.metadata_endpoint = connection->text("metadata_endpoint");
    }
    connection->time("connect_timeout", config.connect_timeout, kConnectMin);
    connection->finish();
  }
  if (auto credentials = reader.map("credentials")) {
    read_word(*credentials, "auth", config.auth, kAwsAuths);
    config.access_key_id = read_credential(*credentials, "access_key_id");
    config.secret_access_key = read_credential(*credentials, "secret_access_key");
    config.session_token = read_credential(*credentials, "session_token");
    config.profile = credentials->text("profile");
    config.credentials_file = credentials->text("credentials_file");
    config.config_file = credentials->text("config_file");
    config.role_arn = credentials->text("role_arn");
    config.web_identity_token_file = credentials->text("web_identity_token_file");
    credentials->finish();
  }
  if (reader.is_good()) take_check(reader, check_aws_config(config));
  return config;
}

}  // namespace

SourceKind read_source_kind(MapReader& reader, const Common& common) {
  if (common.kind == "vault") return read_vault(reader, common);
  if (common.kind == "aws-secretsmanager" || common.kind == "aws-ssm") {
    return read_aws(reader, common);
  }
  if (common.kind == "exec") return read_exec(reader, common);
  if (common.kind == "file") return read_file_source(reader, common);
  reader.wrong("kind", "one of vault, aws-secretsmanager, aws-ssm, exec, file");
  return {};
}

}  // namespace sutler::server
