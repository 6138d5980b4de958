// One value, or one file with its members, in the body of a group's record (docs/formats/store.md).
#pragma once

#include <cstddef>

#include "model/entry.h"
#include "model/value.h"
#include "store/wire.h"

namespace sutler::store {

// Aborts on Masked.
void write_value(ByteWriter& out, const model::Value& value);
void write_file(ByteWriter& out, const model::File& file);
// What cannot be read is refused in the reader; the value given is then of no use.
[[nodiscard]] model::Value read_value(ByteReader& in);
[[nodiscard]] model::File read_file(ByteReader& in);

// At least as many bytes as writing takes.
[[nodiscard]] std::size_t encoded_bytes(const model::Value& value);
[[nodiscard]] std::size_t encoded_bytes(const model::File& file);

}  // namespace sutler::store
