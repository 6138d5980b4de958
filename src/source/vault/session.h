// The driver's own login: a token, got when it is needed, renewed before it ends by a thread of its
// own, and got anew when the store does not take it any more.
#pragma once

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "base/locked_bytes.h"
#include "client/http_client.h"
#include "source/driver.h"
#include "source/vault/answers.h"
#include "source/vault/config.h"

namespace sutler::source {

// Requests to one Vault, with its address, namespace and certificates. Thread-safe.
class VaultApi {
 public:
  explicit VaultApi(const VaultConfig& config) : config_(config) {}

  // `path` comes behind `/v1/`, encoded. An empty token: none. No body: GET, else POST. Any status
  // is an answer.
  [[nodiscard]] Answer<client::ClientResponse> ask(const std::string& path, std::string_view token,
                                                   std::optional<base::Secret> body,
                                                   Deadline deadline);

 private:
  const VaultConfig& config_;
  client::Connections connections_;
};

[[nodiscard]] VaultReply reply_of(const client::ClientResponse& response);

class VaultSession {
 public:
  using Clock = std::chrono::steady_clock;
  struct Token {
    base::LockedBytes token;  // for as long as it is good: out of cores and swap
    std::optional<Clock::time_point> ends;
    bool renewable = false;
  };
  using Held = std::shared_ptr<const Token>;

  VaultSession(const VaultConfig& config, VaultApi& api) : config_(config), api_(api) {}
  ~VaultSession();

  // A token that has not ended; logs in when there is none. One login at a time: others wait for
  // it until their deadline.
  [[nodiscard]] Answer<Held> token(Deadline deadline);
  // The store did not take it: the next token() logs in, unless somebody did already.
  void renounce(const Held& token);

 private:
  [[nodiscard]] Answer<VaultToken> log_in(Deadline deadline);
  [[nodiscard]] Answer<VaultToken> take_token(Deadline deadline);
  [[nodiscard]] Answer<base::Secret> login_body(Deadline deadline);
  [[nodiscard]] Held current();
  void hold(VaultToken token);
  void keep();
  [[nodiscard]] Clock::time_point renew(const Held& token);

  const VaultConfig& config_;
  VaultApi& api_;
  std::timed_mutex login_;
  std::mutex mutex_;
  Held held_;
  std::condition_variable changed_;
  std::optional<Clock::time_point> renew_at_;
  bool ending_ = false;
  std::thread keeper_;
};

// "token", "AppRole", … for people.
[[nodiscard]] std::string_view auth_name(VaultAuth auth);

}  // namespace sutler::source
