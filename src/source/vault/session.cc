#include "source/vault/session.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "source/call.h"
#include "source/vault/locator.h"

namespace sutler::source {
namespace {

using std::chrono::seconds;

constexpr seconds kRenewalTime{5};   // of one call; the end of the server waits for it
constexpr seconds kRenewalPause{5};  // after one that the store did not answer
constexpr const char* kPodToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";

// With a third of its life left, so that several tries have room.
VaultSession::Clock::time_point renewal_time(VaultSession::Clock::time_point now,
                                             seconds good_for) {
  return now + std::chrono::duration_cast<std::chrono::milliseconds>(good_for) * 2 / 3;
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += out.empty() ? '{' : ',';
  base::append_json_string(out, name);
  out += ':';
  base::append_json_string(out, value);
}

std::string default_mount(VaultAuth auth) {
  switch (auth) {
    case VaultAuth::kToken: return "token";
    case VaultAuth::kAppRole: return "approle";
    case VaultAuth::kJwt: return "jwt";
    case VaultAuth::kKubernetes: return "kubernetes";
    case VaultAuth::kCert: return "cert";
  }
  return "token";
}

}  // namespace

std::string_view auth_name(VaultAuth auth) {
  switch (auth) {
    case VaultAuth::kToken: return "token";
    case VaultAuth::kAppRole: return "AppRole";
    case VaultAuth::kJwt: return "JWT";
    case VaultAuth::kKubernetes: return "Kubernetes";
    case VaultAuth::kCert: return "certificate";
  }
  return "token";
}

VaultReply reply_of(const client::ClientResponse& response) {
  const std::int64_t wait = std::clamp<std::int64_t>(response.retry_after_seconds, 0, 86'400);
  return {response.status, response.body.expose(), seconds(wait)};
}

Answer<client::ClientResponse> VaultApi::ask(const std::string& path, std::string_view token,
                                             std::optional<base::Secret> body, Deadline deadline) {
  client::ClientRequest request;
  request.url = config_.address;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += "/v1/" + path;
  request.fields = {{"X-Vault-Request", "true"}};
  if (!config_.vault_namespace.empty()) {
    request.fields.push_back({"X-Vault-Namespace", config_.vault_namespace});
  }
  if (!token.empty()) request.secret_fields.push_back({"X-Vault-Token", base::Secret(token)});
  if (body) {
    request.method = "POST";
    request.fields.push_back({"Content-Type", "application/json"});
    request.body = std::move(body);
  }
  request.ca_file = config_.ca_file;
  request.client_certificate = config_.client_certificate;
  request.client_key = config_.client_key;
  request.connections = &connections_;
  return call(std::move(request), "source " + config_.name, deadline, config_.connect_timeout);
}

VaultSession::~VaultSession() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (keeper_.joinable()) keeper_.join();
}

VaultSession::Held VaultSession::current() {
  const std::scoped_lock lock(mutex_);
  if (held_ && held_->ends && *held_->ends <= Clock::now()) held_.reset();
  return held_;
}

void VaultSession::hold(VaultToken token) {
  const auto now = Clock::now();
  auto held = std::make_shared<Token>();
  held->token = base::LockedBytes(token.token.expose());
  held->renewable = token.renewable;
  if (token.good_for) held->ends = now + *token.good_for;
  {
    const std::scoped_lock lock(mutex_);
    if (ending_) return;
    held_ = std::move(held);
    renew_at_.reset();
    if (token.renewable && token.good_for) renew_at_ = renewal_time(now, *token.good_for);
    if (renew_at_ && !keeper_.joinable()) keeper_ = std::thread([this] { keep(); });
  }
  changed_.notify_all();
}

void VaultSession::renounce(const Held& token) {
  const std::scoped_lock lock(mutex_);
  if (held_ == token) held_.reset();
}

Answer<VaultSession::Held> VaultSession::token(Deadline deadline) {
  if (auto held = current()) return held;
  const std::unique_lock login(login_, deadline);
  if (!login.owns_lock()) {
    return failed(FailureKind::kOutage,
                  "source " + config_.name + ": no time is left, a login is still under way");
  }
  if (auto held = current()) return held;
  auto token = log_in(deadline);
  if (!token) return std::unexpected(std::move(token.error()));
  hold(std::move(*token));
  auto held = current();
  if (!held) {
    return failed(FailureKind::kLogin, "source " + config_.name + ": the token has ended");
  }
  return held;
}

// A token that was given, not got by a login: looked up, so that a revoked one is told apart from
// a value that it may not read.
Answer<VaultToken> VaultSession::take_token(Deadline deadline) {
  const std::string who = "source " + config_.name;
  auto given = config_.token.read(config_.run_command, deadline);
  if (!given) return failed(FailureKind::kLogin, who + ": " + given.error().message);
  auto response = api_.ask("auth/token/lookup-self", given->expose(), std::nullopt, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  auto token = read_lookup(reply_of(*response), who + ": login by token");
  if (token) token->token = std::move(*given);
  return token;
}

Answer<base::Secret> VaultSession::login_body(Deadline deadline) {
  std::string body;
  std::optional<std::string> problem;
  const auto add_secret = [&](const char* name, const Credential& credential) {
    auto value = credential.read(config_.run_command, deadline);
    if (!value) {
      problem = value.error().message;
      return;
    }
    body.reserve(body.size() + value->size() * 2 + 64);
    append_member(body, name, value->expose());
  };
  switch (config_.auth) {
    case VaultAuth::kToken: break;
    case VaultAuth::kAppRole:
      add_secret("role_id", config_.role_id);
      if (config_.secret_id.given()) add_secret("secret_id", config_.secret_id);
      break;
    case VaultAuth::kJwt:
    case VaultAuth::kKubernetes:
      append_member(body, "role", config_.role);
      if (config_.jwt.given()) {
        add_secret("jwt", config_.jwt);
      } else {
        add_secret("jwt", credential_from_file(kPodToken));
      }
      break;
    case VaultAuth::kCert:
      if (!config_.role.empty()) append_member(body, "name", config_.role);
      break;
  }
  body += body.empty() ? "{}" : "}";
  base::Secret secret(std::move(body));
  if (problem) return failed(FailureKind::kLogin, "source " + config_.name + ": " + *problem);
  return secret;
}

Answer<VaultToken> VaultSession::log_in(Deadline deadline) {
  if (config_.auth == VaultAuth::kToken) return take_token(deadline);
  auto body = login_body(deadline);
  if (!body) return std::unexpected(std::move(body.error()));
  const std::string mount =
      config_.auth_mount.empty() ? default_mount(config_.auth) : config_.auth_mount;
  auto response = api_.ask("auth/" + encode_path(mount) + "/login", {}, std::move(*body), deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  return read_login(reply_of(*response), "source " + config_.name + ": login by " +
                                             std::string(auth_name(config_.auth)));
}

// When to look again.
VaultSession::Clock::time_point VaultSession::renew(const Held& token) {
  auto response = api_.ask("auth/token/renew-self", token->token.expose(), base::Secret("{}"),
                           Clock::now() + kRenewalTime);
  if (!response) return Clock::now() + kRenewalPause;
  auto renewed = read_renewal(reply_of(*response), "source " + config_.name + ": token renewal");
  if (!renewed) {
    if (renewed.error().kind == FailureKind::kLogin) renounce(token);
    return Clock::now() + kRenewalPause;
  }
  const std::scoped_lock lock(mutex_);
  if (held_ != token) return Clock::now();
  auto held = std::make_shared<Token>();
  held->token = token->token.clone();
  held->renewable = renewed->renewable;
  if (renewed->good_for) held->ends = Clock::now() + *renewed->good_for;
  held_ = held;
  // Near its longest life a renewal gives less and less: it is left to end, and a login follows.
  const bool worth = held->renewable && renewed->good_for && *renewed->good_for > seconds(1);
  return worth ? renewal_time(Clock::now(), *renewed->good_for) : Clock::time_point::max();
}

void VaultSession::keep() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    if (!held_ || !renew_at_ || *renew_at_ == Clock::time_point::max()) {
      changed_.wait(lock);
      continue;
    }
    if (Clock::now() < *renew_at_) {
      const auto until = *renew_at_;
      changed_.wait_until(lock, until);
      continue;
    }
    const Held token = held_;
    lock.unlock();
    const auto next = renew(token);
    lock.lock();
    // A login in the meantime has set a time of its own.
    if (renew_at_ && *renew_at_ <= Clock::now()) renew_at_ = next;
  }
}

}  // namespace sutler::source
