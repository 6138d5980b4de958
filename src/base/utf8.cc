#include "base/utf8.h"

#include <cstdint>

namespace sutler::base {
namespace {

bool continues(std::string_view text, std::size_t at) {
  return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80;
}

// Bytes of the well-formed character at `i`, or 0. The second byte's range depends on the first
// (Unicode 15, table 3-7).
std::size_t character_bytes(std::string_view text, std::size_t i) {
  const auto lead = static_cast<unsigned char>(text[i]);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4 || !continues(text, i + 1)) return 0;
  const auto second = static_cast<unsigned char>(text[i + 1]);
  if (lead < 0xe0) return 2;
  if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
      (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f)) {
    return 0;
  }
  if (!continues(text, i + 2)) return 0;
  if (lead < 0xf0) return 3;
  return continues(text, i + 3) ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t bytes = character_bytes(text, i);
    if (bytes == 0) return false;
    i += bytes;
  }
  return true;
}

std::string quote_name(std::string_view name) {
  constexpr std::size_t kShownBytesMax = 64;
  if (name.size() > kShownBytesMax || has_control(name) || !is_utf8(name)) return "a name";
  return "\"" + std::string(name) + "\"";
}

bool has_control(std::string_view text) {
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u < 0x20 || u == 0x7f) return true;
  }
  return false;
}

}  // namespace sutler::base
