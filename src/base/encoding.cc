#include "base/encoding.h"

#include <array>
#include <cstdint>

namespace sutler::base {
namespace {

constexpr std::string_view kStandard =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kBad = 0xff;

constexpr std::array<std::uint8_t, 256> reverse(std::string_view alphabet) {
  std::array<std::uint8_t, 256> table{};
  for (auto& entry : table) entry = kBad;
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}

constexpr auto kStandardReverse = reverse(kStandard);
constexpr auto kUrlReverse = reverse(kUrl);

std::uint32_t octet(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

enum class Padding { kNone, kAlways };

void append_64(std::string& out, std::string_view in, std::string_view alphabet, Padding padding) {
  std::size_t i = 0;
  for (; i + 3 <= in.size(); i += 3) {
    const std::uint32_t n = octet(in, i) << 16 | octet(in, i + 1) << 8 | octet(in, i + 2);
    const char four[] = {alphabet[n >> 18], alphabet[n >> 12 & 63], alphabet[n >> 6 & 63],
                         alphabet[n & 63]};
    out.append(four, 4);
  }
  const std::size_t rest = in.size() - i;
  if (rest == 0) return;
  const std::uint32_t n = octet(in, i) << 16 | (rest == 2 ? octet(in, i + 1) << 8 : 0);
  out += alphabet[n >> 18];
  out += alphabet[n >> 12 & 63];
  if (rest == 2) out += alphabet[n >> 6 & 63];
  if (padding == Padding::kAlways) out.append(3 - rest, '=');
}

// Decodes text without padding. The bits that the last character does not use must be zero.
std::optional<std::size_t> decode_64(std::string_view text, char* out,
                                     const std::array<std::uint8_t, 256>& table) {
  if (text.size() % 4 == 1) return std::nullopt;
  char* const start = out;
  std::uint32_t bad = 0;
  std::size_t i = 0;
  for (; i + 4 <= text.size(); i += 4) {
    const std::uint32_t a = table[octet(text, i)], b = table[octet(text, i + 1)],
                        c = table[octet(text, i + 2)], d = table[octet(text, i + 3)];
    bad |= a | b | c | d;
    const std::uint32_t n = a << 18 | b << 12 | c << 6 | d;
    *out++ = static_cast<char>(n >> 16);
    *out++ = static_cast<char>(n >> 8);
    *out++ = static_cast<char>(n);
  }
  if (const std::size_t rest = text.size() - i; rest != 0) {
    const std::uint32_t a = table[octet(text, i)], b = table[octet(text, i + 1)];
    const std::uint32_t c = rest == 3 ? table[octet(text, i + 2)] : 0;
    bad |= a | b | c;
    const std::uint32_t n = a << 18 | b << 12 | c << 6;
    *out++ = static_cast<char>(n >> 16);
    if (rest == 3) *out++ = static_cast<char>(n >> 8);
    if ((rest == 2 && (n & 0xffff) != 0) || (rest == 3 && (n & 0xff) != 0)) return std::nullopt;
  }
  if ((bad & 0xc0) != 0) return std::nullopt;
  return static_cast<std::size_t>(out - start);
}

std::optional<std::string> decode_to_string(std::string_view text,
                                            const std::array<std::uint8_t, 256>& table) {
  std::string out(base64url_decoded_bytes_max(text.size()), '\0');
  const auto bytes = decode_64(text, out.data(), table);
  if (!bytes) return std::nullopt;
  out.resize(*bytes);
  return out;
}

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

int any_case_nibble(char c) { return nibble(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c); }

}  // namespace

void append_base64url(std::string& out, std::string_view bytes) {
  append_64(out, bytes, kUrl, Padding::kNone);
}

std::string base64url_encode(std::string_view bytes) {
  std::string out;
  append_base64url(out, bytes);
  return out;
}

std::optional<std::size_t> base64url_decode_into(std::string_view text, char* out) {
  return decode_64(text, out, kUrlReverse);
}

std::optional<std::string> base64url_decode(std::string_view text) {
  return decode_to_string(text, kUrlReverse);
}

void append_base64(std::string& out, std::string_view bytes) {
  append_64(out, bytes, kStandard, Padding::kAlways);
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  append_base64(out, bytes);
  return out;
}

std::optional<std::string> base64_decode(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  if (text.ends_with("==")) {
    text.remove_suffix(2);
  } else if (text.ends_with('=')) {
    text.remove_suffix(1);
  }
  return decode_to_string(text, kStandardReverse);
}

void append_hex(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
}

std::string hex_encode(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  append_hex(out, bytes);
  return out;
}

std::optional<std::string> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = nibble(text[i]), low = nibble(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

void append_percent_encoded(std::string& out, std::string_view bytes) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : bytes) {
    const auto u = static_cast<unsigned char>(c);
    const bool unreserved = (u >= 'a' && u <= 'z') || (u >= 'A' && u <= 'Z') ||
                            (u >= '0' && u <= '9') || u == '-' || u == '.' || u == '_' || u == '~';
    if (unreserved) {
      out += c;
    } else {
      out += '%';
      out += digits[u >> 4];
      out += digits[u & 15];
    }
  }
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = any_case_nibble(text[i + 1]), low = any_case_nibble(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

}  // namespace sutler::base
