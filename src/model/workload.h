// Who asks: the three claims of a verified token and the team by whose path and key it came.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::model {

struct Workload {
  std::string team;
  std::string project_id;
  std::string object_id;
  std::string object_type;  // an open word; compared without regard to ASCII case

  auto operator<=>(const Workload&) const = default;
};

// Non-empty, valid UTF-8, at most kNameBytesMax bytes, no control characters (protocol.md).
[[nodiscard]] bool is_valid_claim(std::string_view text);

// ASCII case-insensitive.
[[nodiscard]] bool same_type(std::string_view a, std::string_view b);

}  // namespace sutler::model
