// The shared profile files of AWS (`~/.aws/credentials`, `~/.aws/config`), as far as we use them.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace sutler::source {

// In a credentials file a section is `[NAME]`; in a config file `[profile NAME]`, and `[default]`.
enum class ProfileFile { kCredentials, kConfig };

// The settings of one profile, names in lower case; nothing when the file has no such profile.
// Indented lines (nested settings) and lines that are no setting are passed over, as AWS's own
// tools do.
using ProfileSettings = std::map<std::string, base::Secret, std::less<>>;
[[nodiscard]] std::optional<ProfileSettings> read_profile(std::string_view text, ProfileFile kind,
                                                          std::string_view profile);

}  // namespace sutler::source
