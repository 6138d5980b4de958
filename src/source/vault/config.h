// What the config file says of a source of kind `vault`: HashiCorp Vault or OpenBao.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "source/credential.h"
#include "source/driver.h"

namespace sutler::source {

enum class VaultAuth { kToken, kAppRole, kJwt, kKubernetes, kCert };

// A KV mount whose version is known, so that the server need not be asked.
struct VaultMount {
  std::string path;  // "secret", "team/kv": no slash at the ends
  int kv_version = 2;
};

struct VaultConfig {
  std::string name;             // of the source, for messages
  std::string address;          // "https://vault.internal:8200"
  std::string vault_namespace;  // sent as X-Vault-Namespace; empty: none
  std::filesystem::path ca_file;
  std::filesystem::path client_certificate;  // PEM; both or neither
  std::filesystem::path client_key;

  VaultAuth auth = VaultAuth::kToken;
  std::string auth_mount;  // empty: the method's own name ("approle", "jwt", "kubernetes", "cert")
  std::string role;        // kJwt, kKubernetes: required; kCert: may be empty
  Credential token;        // kToken
  Credential role_id;      // kAppRole
  Credential secret_id;    // kAppRole; none where the role does not ask for one
  Credential jwt;          // kJwt; kKubernetes: none means the pod's service account token

  std::vector<VaultMount> mounts;  // for others the server is asked
  // 1 or 2: what a mount is that is not in `mounts`, whose first segment is its path; 0: the
  // server is asked (sys/internal/ui/mounts).
  int kv_version = 0;
  std::chrono::milliseconds connect_timeout{3'000};
  CommandRunner run_command;  // for credentials by command
};

// kInvalid, with a hint, for a config that can never work: no address, a missing credential.
[[nodiscard]] base::Result<void> check_vault_config(const VaultConfig& config);

// No I/O before the first call. `clock` must live as long as the driver.
[[nodiscard]] std::unique_ptr<Driver> make_vault(VaultConfig config, const base::Clock& clock);

}  // namespace sutler::source
