// The plaintext of an operator's record: its header is a team's (name, who, when), its body all the
// rest (docs/formats/store.md).
#pragma once

#include <optional>
#include <string_view>

#include "base/secret.h"
#include "model/operator.h"

namespace sutler::store {

[[nodiscard]] base::Secret encode_operator_body(const model::Operator& who);
// The operator without his name.
[[nodiscard]] std::optional<model::Operator> decode_operator_body(std::string_view bytes);

}  // namespace sutler::store
