// What AWS answers, read without I/O. JSON 1.1 protocol for the two stores, XML for STS, JSON for
// the endpoints that give keys.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/locked_bytes.h"
#include "source/driver.h"

namespace sutler::source {

struct AwsReply {
  int status = 0;
  std::string_view body;
  std::chrono::seconds retry_after{0};
};

// What an answer that is not 200 means. kLogin: the keys were not taken.
[[nodiscard]] Failure read_aws_error(const AwsReply& reply, const std::string& who);
// The same for one entry of a batch, by its ErrorCode.
[[nodiscard]] Failure aws_failure(std::string_view code, const std::string& who);

// GetSecretValue: SecretString as it is, or the bytes of SecretBinary.
[[nodiscard]] Answer<Document> read_secret_value(const AwsReply& reply, const std::string& who);

// BatchGetSecretValue and GetParameters, 200 only: what the store told of each name. A name that
// it did not tell of is in neither.
struct AwsEntry {
  std::string name;  // as asked for, where the store repeats it
  std::string arn;
  Answer<Document> answer;
};
[[nodiscard]] Answer<std::vector<AwsEntry>> read_secret_batch(const AwsReply& reply,
                                                              const std::string& who);
// `name` and `arn` without the version or label that was asked for: AWS takes a name once in a
// call.
[[nodiscard]] Answer<std::vector<AwsEntry>> read_parameters(const AwsReply& reply,
                                                            const std::string& who);

// Keys that sign.
struct AwsKeys {
  std::string id;
  base::LockedBytes secret;               // for as long as they are good: out of cores and swap
  base::LockedBytes session_token;        // empty: none
  std::optional<base::UnixTime> expires;  // none: never
  std::string from;                       // "the environment", "profile default", for people
};
// What a container or instance endpoint gives.
[[nodiscard]] Answer<AwsKeys> read_endpoint_keys(const AwsReply& reply, const std::string& who);
// AssumeRoleWithWebIdentity.
[[nodiscard]] Answer<AwsKeys> read_assumed_role(const AwsReply& reply, const std::string& who);

}  // namespace sutler::source
