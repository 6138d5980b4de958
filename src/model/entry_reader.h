// Entries from a tree: values, and the members that files have in groups and on the wire. Internal
// to the room. The rules (group_rules.h) are not applied here.
#pragma once

#include <optional>

#include "base/result.h"
#include "model/cursor.h"
#include "model/entry.h"

namespace sutler::model {

// A text, or one of `{value}`, `{template}`, `{from, ref, …}` and `{masked: true}`.
[[nodiscard]] base::Result<Value> read_value(const Cursor& at);
// `{data, encoding, owner, group, permissions}`, or `{masked: true}` alone.
[[nodiscard]] base::Result<File> read_file_entry(const Cursor& at);

[[nodiscard]] base::Result<void> read_encoding(const Cursor& at, Encoding& out);
[[nodiscard]] base::Result<void> read_ownership(const Cursor& at, std::optional<Ownership>& out);
[[nodiscard]] base::Result<void> read_permissions(const Cursor& at,
                                                  std::optional<Permissions>& out);

}  // namespace sutler::model
