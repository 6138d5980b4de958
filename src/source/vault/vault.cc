// The driver of HashiCorp Vault and OpenBao: KV v1 and v2.
#include <map>
#include <mutex>
#include <utility>

#include "source/call.h"
#include "source/vault/answers.h"
#include "source/vault/config.h"
#include "source/vault/locator.h"
#include "source/vault/session.h"

namespace sutler::source {
namespace {

using base::Code;

bool is_under(std::string_view path, std::string_view mount) {
  return path.size() > mount.size() + 1 && path.starts_with(mount) && path[mount.size()] == '/';
}

std::string read_path(const VaultLocator& locator, const VaultMountFound& mount) {
  const std::string_view rest = std::string_view(locator.path).substr(mount.path.size() + 1);
  if (mount.kv_version == 1) return encode_path(locator.path);
  std::string path = encode_path(mount.path) + "/data/" + encode_path(rest);
  if (locator.version) path += "?version=" + std::to_string(*locator.version);
  return path;
}

std::string for_people(std::chrono::steady_clock::duration left) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(left).count();
  if (minutes >= 120) return std::to_string(minutes / 60) + "h";
  if (minutes >= 2) return std::to_string(minutes) + "m";
  return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(left).count()) + "s";
}

class Vault final : public Driver {
 public:
  explicit Vault(VaultConfig config)
      : config_(std::move(config)), api_(config_), session_(config_, api_) {
    for (const auto& mount : config_.mounts) known_[mount.path] = mount.kv_version;
  }

  [[nodiscard]] base::Result<void> validate(std::string_view locator) const override {
    auto parsed = parse_vault_locator(locator);
    if (!parsed) return base::pass(parsed);
    return {};
  }

  [[nodiscard]] Answer<Document> read(const std::string& locator, Deadline deadline) override {
    const auto parsed = parse_vault_locator(locator);
    if (!parsed) return failed(FailureKind::kBadReference, parsed.error().message);
    return with_login<Document>(deadline, [&](const VaultSession::Token& token) {
      return read_once(*parsed, locator, token.token.expose(), deadline);
    });
  }

  [[nodiscard]] Answer<std::string> check(Deadline deadline) override {
    return with_login<std::string>(
        deadline, [&](const VaultSession::Token& token) { return check_once(token, deadline); });
  }

 private:
  // What is denied once is tried once more with a new login.
  template <class T, class Work>
  Answer<T> with_login(Deadline deadline, Work work) {
    for (bool again = false;; again = true) {
      auto token = session_.token(deadline);
      if (!token) return std::unexpected(std::move(token.error()));
      Answer<T> answer = work(**token);
      if (answer || answer.error().kind != FailureKind::kDenied || again) return answer;
      session_.renounce(*token);
    }
  }

  Answer<std::string> check_once(const VaultSession::Token& token, Deadline deadline) {
    auto response =
        api_.ask("auth/token/lookup-self", token.token.expose(), std::nullopt, deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    auto found = read_lookup(reply_of(*response), who(""));
    const std::string logged_in = "logged in by " + std::string(auth_name(config_.auth)) + ", ";
    if (!found) {
      // A login that was just made is good even where its policies hide the token from itself.
      if (found.error().kind != FailureKind::kLogin || config_.auth == VaultAuth::kToken) {
        return std::unexpected(std::move(found.error()));
      }
    }
    if (!token.ends) return logged_in + "token without an end";
    return logged_in + "token good for " +
           for_people(*token.ends - std::chrono::steady_clock::now());
  }

  Answer<Document> read_once(const VaultLocator& locator, const std::string& shown,
                             std::string_view token, Deadline deadline) {
    auto mount = mount_of(locator, token, deadline);
    if (!mount) return std::unexpected(std::move(mount.error()));
    if (locator.version && mount->kv_version == 1) {
      return failed(FailureKind::kBadReference,
                    who(shown) + ": a KV store of version 1 keeps no versions");
    }
    auto response = api_.ask(read_path(locator, *mount), token, std::nullopt, deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    auto document = read_kv(reply_of(*response), mount->kv_version, who(shown));
    if (!document && document.error().kind == FailureKind::kBadReference) forget(mount->path);
    return document;
  }

  Answer<VaultMountFound> mount_of(const VaultLocator& locator, std::string_view token,
                                   Deadline deadline) {
    if (auto known = known_mount(locator.path)) return *known;
    if (config_.kv_version != 0) {
      return VaultMountFound{locator.path.substr(0, locator.path.find('/')), config_.kv_version};
    }
    auto response = api_.ask("sys/internal/ui/mounts/" + encode_path(locator.path), token,
                             std::nullopt, deadline);
    if (!response) return std::unexpected(std::move(response.error()));
    auto mount = read_mount(reply_of(*response), who(locator.path));
    if (!mount) return mount;
    if (!is_under(locator.path, mount->path)) {
      return failed(FailureKind::kBadReference, who(locator.path) + ": it is a mount, no secret");
    }
    const std::scoped_lock lock(mutex_);
    asked_[mount->path] = mount->kv_version;
    return mount;
  }

  std::optional<VaultMountFound> known_mount(const std::string& path) {
    const std::scoped_lock lock(mutex_);
    std::optional<VaultMountFound> best;
    for (const auto* mounts : {&known_, &asked_}) {
      for (const auto& [mount, version] : *mounts) {
        if (is_under(path, mount) && (!best || mount.size() > best->path.size())) {
          best = VaultMountFound{mount, version};
        }
      }
      if (best) return best;
    }
    return best;
  }

  // It may have been mounted anew with another version.
  void forget(const std::string& mount) {
    const std::scoped_lock lock(mutex_);
    asked_.erase(mount);
  }

  [[nodiscard]] std::string who(const std::string& locator) const {
    return "source " + config_.name + (locator.empty() ? "" : ": " + locator);
  }

  VaultConfig config_;
  VaultApi api_;
  std::mutex mutex_;
  std::map<std::string, int> known_, asked_;
  VaultSession session_;  // last: its thread uses what is above
};

base::Unexpected refuse(const VaultConfig& config, const std::string& why,
                        const std::string& hint) {
  return base::fail(Code::kInvalid, "source " + config.name + ": " + why, hint);
}

base::Result<void> check_credentials(const VaultConfig& config) {
  switch (config.auth) {
    case VaultAuth::kToken:
      if (!config.token.given()) {
        return refuse(config, "auth by token has no token", "say where the token comes from");
      }
      break;
    case VaultAuth::kAppRole:
      if (!config.role_id.given()) {
        return refuse(config, "auth by AppRole has no role_id", "say where the role_id comes from");
      }
      break;
    case VaultAuth::kJwt:
      if (!config.jwt.given()) {
        return refuse(config, "auth by JWT has no jwt", "say where the JWT comes from");
      }
      [[fallthrough]];
    case VaultAuth::kKubernetes:
      if (config.role.empty()) {
        return refuse(config, "auth by JWT has no role", "name the role to log in with");
      }
      break;
    case VaultAuth::kCert:
      if (config.client_certificate.empty()) {
        return refuse(config, "auth by certificate has no certificate",
                      "give client_certificate and client_key");
      }
      break;
  }
  return {};
}

}  // namespace

base::Result<void> check_vault_config(const VaultConfig& config) {
  if (auto url = client::printable_url(config.address); !url) {
    return base::pass(url, "source " + config.name + ": address");
  }
  if (config.address.find_first_of("?#") != std::string::npos) {
    return refuse(config, "the address has a query", "write it as https://HOST:8200");
  }
  if (config.client_certificate.empty() != config.client_key.empty()) {
    return refuse(config, "a certificate without its key, or the other way round", "give both");
  }
  if (config.kv_version < 0 || config.kv_version > 2) {
    return refuse(config, "kv_version is neither 1 nor 2", "leave it out to have the server asked");
  }
  for (const auto& mount : config.mounts) {
    if (mount.path.empty() || mount.path.starts_with('/') || mount.path.ends_with('/') ||
        mount.kv_version < 1 || mount.kv_version > 2) {
      return refuse(config, "a mount needs a path without slashes at its ends and version 1 or 2",
                    "for example {path: secret, kv_version: 2}");
    }
  }
  return check_credentials(config);
}

std::unique_ptr<Driver> make_vault(VaultConfig config, const base::Clock&) {
  return std::make_unique<Vault>(std::move(config));
}

}  // namespace sutler::source
