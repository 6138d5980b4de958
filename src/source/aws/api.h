// Signed calls of AWS's JSON 1.1 protocol to one service.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "client/http_client.h"
#include "source/aws/config.h"
#include "source/aws/keys.h"

namespace sutler::source {

class AwsApi {
 public:
  struct Service {
    std::string name;           // of the host and the signature: "secretsmanager"
    std::string target_prefix;  // of X-Amz-Target: "secretsmanager"
  };
  AwsApi(const AwsConfig& config, Service service, const base::Clock& clock)
      : config_(config), service_(std::move(service)), keyring_(config, clock) {}

  // POST of `body` for the operation. Any status is an answer; but keys that are not taken, and
  // what is denied, are tried once more with new keys.
  [[nodiscard]] Answer<client::ClientResponse> ask(const std::string& operation,
                                                   const std::string& body, Deadline deadline);
  // "keys from the environment, good for 58m".
  [[nodiscard]] Answer<std::string> keys_for_people(Deadline deadline, base::UnixTime now);

 private:
  [[nodiscard]] Answer<client::ClientResponse> ask_once(const std::string& operation,
                                                        const std::string& body,
                                                        const AwsKeys& keys, Deadline deadline);
  const AwsConfig& config_;
  Service service_;
  AwsKeyring keyring_;
  client::Connections connections_;
};

// A reply whose body lies in the response.
[[nodiscard]] AwsReply aws_reply(const client::ClientResponse& response);

}  // namespace sutler::source
