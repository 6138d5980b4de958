// Documents from JSON text that a store gave. What is no string keeps the digits that the store
// sent: numbers are never read and written again.
#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "source/driver.h"

namespace sutler::source {

// The members of an object in the text that base::parse_json() has taken: names as written, with
// their quotes, and the text of each value. Empty when the text is no object.
struct RawMember {
  std::string_view name;
  std::string_view value;
};
[[nodiscard]] std::vector<RawMember> raw_members(std::string_view json);
// The text of one value ("data", "data.metadata" is not understood: one name); empty: none. Names
// that are written with escapes are not found.
[[nodiscard]] std::string_view raw_member(std::string_view json, std::string_view name);

// `json` as compact JSON, with its fields. Nothing when it is not valid JSON or no object.
[[nodiscard]] std::optional<Document> document_of_object(std::string_view json);
// Text exactly as it is, with the fields of the object if it is one.
[[nodiscard]] Document document_of_text(base::Secret text);

}  // namespace sutler::source
