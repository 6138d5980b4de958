// Where a value lies in Secrets Manager or Parameter Store.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::source {

// `NAME-OR-ARN`, `…?stage=AWSPREVIOUS` or `…?version=VERSION-ID`.
struct SecretLocator {
  std::string id;
  std::string stage;  // both empty: the current version
  std::string version;
  [[nodiscard]] bool is_plain() const { return stage.empty() && version.empty(); }
};
[[nodiscard]] base::Result<SecretLocator> parse_secret_locator(std::string_view locator);

// `NAME-OR-ARN`, `NAME:3` or `NAME:label` as AWS writes it, or `…?version=3`, `…?label=prod`. Gives
// the form with the colon.
[[nodiscard]] base::Result<std::string> parse_parameter_locator(std::string_view locator);

// Without its version or label.
[[nodiscard]] std::string bare_parameter(std::string_view name);

// "eu-west-1": lower-case letters, digits and hyphens; it becomes part of a host name.
[[nodiscard]] bool is_region(std::string_view text);

}  // namespace sutler::source
