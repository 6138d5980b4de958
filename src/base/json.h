// JSON (RFC 8259), strictly: one value, valid UTF-8, no trailing bytes, no comments, no member
// twice in one object (RFC 8259 leaves that open; for us it is an attack), nesting to a limit.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::base {

// Reads the text into a tree. Error kInvalid says what is wrong and at which line and column,
// and never quotes the text.
[[nodiscard]] Result<boost::json::value> parse_json(std::string_view text);

// Appends the text as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD;
// control characters, U+007F, U+2028 and U+2029 are escaped, so that one line stays one line.
void append_json_string(std::string& out, std::string_view text);

// A double that is a whole number in the range of int64, as that number.
[[nodiscard]] bool is_whole(double number);

}  // namespace sutler::base
