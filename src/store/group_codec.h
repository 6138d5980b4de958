// The plaintext of a group's record: a header that stays open in memory and a body of values
// (docs/formats/store.md). The names of the entries stand in the header only; the body has the
// values in their order. Readers take exactly what the writers make, and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"
#include "model/group.h"
#include "store/commit_info.h"

namespace sutler::store {

// The sorted names of the variables, then the sorted paths of the files.
[[nodiscard]] std::string pack_keys(const model::Group& group);

// Views into the packed bytes.
struct UnpackedKeys {
  std::vector<std::string_view> variables;
  std::vector<std::string_view> files;
};
// Nothing when the bytes are not what pack_keys makes (for one: names not strictly ascending).
[[nodiscard]] std::optional<UnpackedKeys> unpack_keys(std::string_view packed);

struct HeaderParts {
  model::GroupHeader header;
  std::string_view packed_keys;  // into the bytes that were read
  CommitInfo info;
};
[[nodiscard]] std::string encode_group_header(const model::GroupHeader& header,
                                              std::string_view packed_keys, const CommitInfo& info);
[[nodiscard]] std::optional<HeaderParts> decode_group_header(std::string_view bytes);

// No value may be Masked (aborts): the store never holds a mask.
[[nodiscard]] base::Secret encode_group_body(const model::Group& group);
// Fills the entries of `group`, whose names `packed_keys` has; false when the bytes are not a body
// for these names.
[[nodiscard]] bool decode_group_body(std::string_view bytes, std::string_view packed_keys,
                                     model::Group& group);

// What is left of a deleted record: of which team and name, by whom and when.
struct Tombstone {
  std::string team;
  std::string name;  // empty for a team
  CommitInfo info;
};
[[nodiscard]] std::string encode_tombstone(const Tombstone& tombstone);
[[nodiscard]] std::optional<Tombstone> decode_tombstone(std::string_view bytes);

}  // namespace sutler::store
