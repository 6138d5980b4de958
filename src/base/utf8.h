// Checks on text from outside.
#pragma once

#include <string>
#include <string_view>

namespace sutler::base {

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates, nothing above U+10FFFF.
[[nodiscard]] bool is_utf8(std::string_view text);

// True when a byte below 0x20 or 0x7f is in it.
[[nodiscard]] bool has_control(std::string_view text);

// A name from outside, in quotes, as far as it is fit to be shown: without control characters, at
// most 64 bytes
// ("a name" stands for others). For errors; never for values.
[[nodiscard]] std::string quote_name(std::string_view name);

}  // namespace sutler::base
