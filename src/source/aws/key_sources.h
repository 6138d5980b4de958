// Each place that the keys come from, asked once. None of them keeps anything.
#pragma once

#include <optional>
#include <string>

#include "source/aws/answers.h"
#include "source/aws/config.h"

namespace sutler::source {

// Nothing where the place is not set up at all, so that a chain goes on to the next one; a failure
// where it is set up and does not work: then the chain ends, since other keys could be others'.
using FoundKeys = std::optional<Answer<AwsKeys>>;

[[nodiscard]] std::optional<std::string> aws_variable(const AwsConfig& config,
                                                      const std::string& name);
// Of the config, AWS_REGION, AWS_DEFAULT_REGION or the profile; empty: none.
[[nodiscard]] std::string aws_region(const AwsConfig& config);
// "https://SERVICE.REGION.amazonaws.com/", in China's own domain there.
[[nodiscard]] std::string aws_endpoint(const std::string& service, const std::string& region);

[[nodiscard]] FoundKeys configured_keys(const AwsConfig& config, Deadline deadline);
[[nodiscard]] FoundKeys environment_keys(const AwsConfig& config);
[[nodiscard]] FoundKeys web_identity_keys(const AwsConfig& config, Deadline deadline);
// Keys, or a web identity, of the profile; `credential_process`, SSO and `source_profile` are
// refused with a hint.
[[nodiscard]] FoundKeys profile_keys(const AwsConfig& config, Deadline deadline);
[[nodiscard]] FoundKeys container_keys(const AwsConfig& config, Deadline deadline);
[[nodiscard]] FoundKeys instance_keys(const AwsConfig& config, Deadline deadline);

// Whether keys may be asked for there: https anywhere, http on this machine and the addresses of
// ECS and EKS only.
[[nodiscard]] bool is_container_endpoint(const std::string& url);

// As the config says.
[[nodiscard]] Answer<AwsKeys> find_keys(const AwsConfig& config, Deadline deadline);

}  // namespace sutler::source
