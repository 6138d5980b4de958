// Drives one driver of `source` from outside, for tests against real stores:
//   source_probe KIND [NAME=VALUE…]
// reads commands from stdin, one a line, and answers each with one JSON line:
//   read LOCATOR…   [{"kind": "ok", "bytes": N, "sha256": "…", "fields": {…}} or {"kind": "denied",
//   …}] check           {"kind": "ok", "says": "…"} or as above
// Values are never written, only their sizes and digests. A deadline in milliseconds comes as
// deadline=N. Credentials are PLACE:REST with a place of file, env or inline.
#include <charconv>
#include <chrono>
#include <iostream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "crypto/hash.h"
#include "source/aws/config.h"
#include "source/driver.h"
#include "source/vault/config.h"

namespace sutler::source {
namespace {

using Settings = std::map<std::string, std::string>;

std::string take(Settings& settings, const std::string& name, std::string fallback = {}) {
  const auto found = settings.find(name);
  if (found == settings.end()) return fallback;
  std::string value = found->second;
  settings.erase(found);
  return value;
}

Credential credential(Settings& settings, const std::string& name) {
  const std::string text = take(settings, name);
  if (text.empty()) return {};
  const auto colon = text.find(':');
  const std::string place = text.substr(0, colon), rest = text.substr(colon + 1);
  if (place == "file") return credential_from_file(rest);
  if (place == "env") return credential_from_environment(rest);
  return credential_inline(base::Secret(std::string_view(rest)));
}

int number(const std::string& text) {
  int value = 0;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::unique_ptr<Driver> vault(Settings& settings, const base::Clock& clock) {
  VaultConfig config;
  config.name = "probe";
  config.address = take(settings, "address");
  config.vault_namespace = take(settings, "namespace");
  config.ca_file = take(settings, "ca_file");
  config.client_certificate = take(settings, "client_certificate");
  config.client_key = take(settings, "client_key");
  const std::map<std::string, VaultAuth> auths = {{"token", VaultAuth::kToken},
                                                  {"approle", VaultAuth::kAppRole},
                                                  {"jwt", VaultAuth::kJwt},
                                                  {"kubernetes", VaultAuth::kKubernetes},
                                                  {"cert", VaultAuth::kCert}};
  config.auth = auths.at(take(settings, "auth", "token"));
  config.auth_mount = take(settings, "auth_mount");
  config.role = take(settings, "role");
  config.token = credential(settings, "token");
  config.role_id = credential(settings, "role_id");
  config.secret_id = credential(settings, "secret_id");
  config.jwt = credential(settings, "jwt");
  config.kv_version = number(take(settings, "kv_version", "0"));
  if (auto good = check_vault_config(config); !good) {
    std::cerr << "error: " << good.error().message << '\n';
    return nullptr;
  }
  return make_vault(std::move(config), clock);
}

std::unique_ptr<Driver> aws(const std::string& kind, Settings& settings, const base::Clock& clock) {
  AwsConfig config;
  config.name = "probe";
  config.region = take(settings, "region");
  config.endpoint = take(settings, "endpoint");
  config.sts_endpoint = take(settings, "sts_endpoint");
  config.metadata_endpoint = take(settings, "metadata_endpoint", config.metadata_endpoint);
  const std::map<std::string, AwsAuth> auths = {{"chain", AwsAuth::kChain},
                                                {"keys", AwsAuth::kKeys},
                                                {"environment", AwsAuth::kEnvironment},
                                                {"web_identity", AwsAuth::kWebIdentity},
                                                {"profile", AwsAuth::kProfile},
                                                {"container", AwsAuth::kContainer},
                                                {"instance", AwsAuth::kInstance}};
  config.auth = auths.at(take(settings, "auth", "chain"));
  config.access_key_id = credential(settings, "access_key_id");
  config.secret_access_key = credential(settings, "secret_access_key");
  config.session_token = credential(settings, "session_token");
  config.profile = take(settings, "profile");
  if (auto good = check_aws_config(config); !good) {
    std::cerr << "error: " << good.error().message << '\n';
    return nullptr;
  }
  if (kind == "aws-ssm") return make_aws_ssm(std::move(config), clock);
  return make_aws_secretsmanager(std::move(config), clock);
}

void append_text(std::string& out, const char* name, std::string_view value) {
  base::append_json_string(out, name);
  out += ": ";
  base::append_json_string(out, value);
}

void append_digest(std::string& out, const base::Secret& value) {
  const auto digest = crypto::sha256(value.expose());
  out += "\"bytes\": " + std::to_string(value.size()) + ", ";
  append_text(out, "sha256",
              base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()}));
}

std::string told(const Failure& failure) {
  std::string out = "{";
  append_text(out, "kind", failure_name(failure.kind));
  out += ", ";
  append_text(out, "message", failure.message);
  return out + ", \"retry_after\": " + std::to_string(failure.retry_after.count()) + "}";
}

std::string told(const Answer<Document>& answer) {
  if (!answer) return told(answer.error());
  std::string out = "{\"kind\": \"ok\", ";
  append_digest(out, answer->bytes);
  if (answer->fields) {
    out += ", \"fields\": {";
    for (const auto& field : *answer->fields) {
      if (&field != answer->fields->data()) out += ", ";
      base::append_json_string(out, field.name);
      out += ": {";
      append_digest(out, field.value);
      out += "}";
    }
    out += "}";
  }
  if (answer->good_for) out += ", \"good_for\": " + std::to_string(answer->good_for->count());
  return out + "}";
}

std::string obey(Driver& driver, const std::string& line, std::chrono::milliseconds time) {
  std::istringstream words(line);
  std::string command, locator;
  words >> command;
  const Deadline deadline = std::chrono::steady_clock::now() + time;
  if (command == "check") {
    const auto answer = driver.check(deadline);
    if (!answer) return told(answer.error());
    std::string out = "{\"kind\": \"ok\", ";
    append_text(out, "says", *answer);
    return out + "}";
  }
  std::vector<std::string> locators;
  while (words >> locator) locators.push_back(locator);
  std::string out = "[";
  for (const auto& answer : driver.read_many(locators, deadline)) {
    if (out.size() > 1) out += ", ";
    out += told(answer);
  }
  return out + "]";
}

int run(std::span<char*> words) {
  if (words.size() < 2) return 2;
  const std::string kind = words[1];
  Settings settings;
  for (const char* word : words.subspan(2)) {
    const std::string text = word;
    const auto equals = text.find('=');
    settings[text.substr(0, equals)] = text.substr(equals + 1);
  }
  const std::chrono::milliseconds time(number(take(settings, "deadline", "10000")));
  const base::SystemClock clock;
  const auto driver = kind == "vault" ? vault(settings, clock) : aws(kind, settings, clock);
  if (!driver) return 1;
  for (const auto& [name, value] : settings) {
    std::cerr << "error: there is no setting " << name << '\n';
    return 2;
  }
  for (std::string line; std::getline(std::cin, line);) {
    std::cout << obey(*driver, line, time) << std::endl;
  }
  return 0;
}

}  // namespace
}  // namespace sutler::source

int main(int count, char** words) {
  return sutler::source::run({words, static_cast<std::size_t>(count)});
}
