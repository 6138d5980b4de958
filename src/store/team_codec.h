// The plaintext of a team's record: a header with its id, and a body with its options and signing
// keys (docs/formats/store.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "model/team.h"
#include "store/commit_info.h"

namespace sutler::store {

struct TeamHeader {
  std::string id;
  CommitInfo info;
};
[[nodiscard]] std::string encode_team_header(const TeamHeader& header);
[[nodiscard]] std::optional<TeamHeader> decode_team_header(std::string_view bytes);

[[nodiscard]] base::Secret encode_team_body(const model::Team& team);
// The team without its id.
[[nodiscard]] std::optional<model::Team> decode_team_body(std::string_view bytes);

}  // namespace sutler::store
