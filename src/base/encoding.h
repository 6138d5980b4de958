// Base64 (RFC 4648 section 4), base64url without padding (section 5) and hex, each with exactly one
// encoding per value: readers refuse wrong padding, white space, foreign characters and unused
// bits that are not zero.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sutler::base {

[[nodiscard]] std::string base64url_encode(std::string_view bytes);
void append_base64url(std::string& out, std::string_view bytes);
// Nothing when the text is not canonical base64url.
[[nodiscard]] std::optional<std::string> base64url_decode(std::string_view text);
// Decodes into `out` (at least base64url_decoded_bytes_max(text.size()) bytes); gives the count,
// or nothing as above. For the fetch's path: allocates nothing.
[[nodiscard]] std::optional<std::size_t> base64url_decode_into(std::string_view text, char* out);
[[nodiscard]] constexpr std::size_t base64url_decoded_bytes_max(std::size_t text_bytes) {
  return text_bytes / 4 * 3 + 3;
}

// Standard alphabet, always padded.
[[nodiscard]] std::string base64_encode(std::string_view bytes);
void append_base64(std::string& out, std::string_view bytes);
// Nothing when the text is not canonical padded base64.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

// Lower-case hex; the reader takes lower case only.
[[nodiscard]] std::string hex_encode(std::string_view bytes);
void append_hex(std::string& out, std::string_view bytes);
[[nodiscard]] std::optional<std::string> hex_decode(std::string_view text);

// RFC 3986 percent-encoding of everything that is not unreserved, appended.
void append_percent_encoded(std::string& out, std::string_view bytes);
// Percent-decoding of one URL path segment or query value; nothing when an escape is malformed.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

}  // namespace sutler::base
