// `secretsFrom` from a tree. Internal to the room; the rules (object_reference.h) are not applied.
#pragma once

#include "base/result.h"
#include "model/cursor.h"
#include "model/object_reference.h"

namespace sutler::model {

[[nodiscard]] base::Result<void> read_secrets_from(const Cursor& at, SecretsFrom& out);

}  // namespace sutler::model
