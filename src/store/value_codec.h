// One value, or one file with its members, in the body of a group's record (docs/formats/store.md).
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "model/entry.h"
#include "model/object_reference.h"
#include "model/value.h"
#include "store/wire.h"

namespace sutler::store {

// Aborts on Masked.
void write_value(ByteWriter& out, const model::Value& value);
void write_file(ByteWriter& out, const model::File& file);
// What cannot be read is refused in the reader; the value given is then of no use.
[[nodiscard]] model::Value read_value(ByteReader& in);
[[nodiscard]] model::File read_file(ByteReader& in);
// All of a file that comes after its data.
void read_file_members(ByteReader& in, model::File& file);
// The text of a literal, into the bytes that are read; nothing, and nothing is read, when the next
// value is none.
[[nodiscard]] std::optional<std::string_view> read_literal(ByteReader& in);

void write_secrets_from(ByteWriter& out, const model::SecretsFrom& items);
[[nodiscard]] model::SecretsFrom read_secrets_from(ByteReader& in);

// At least as many bytes as writing takes.
[[nodiscard]] std::size_t encoded_bytes(const model::Value& value);
[[nodiscard]] std::size_t encoded_bytes(const model::File& file);
[[nodiscard]] std::size_t encoded_bytes(const model::SecretsFrom& items);

}  // namespace sutler::store
