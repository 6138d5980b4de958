#include "audit/merged_cursor.h"

#include "audit/query.h"
#include "base/clock.h"
#include "base/encoding.h"

namespace sutler::audit {

namespace {

constexpr char kOldest = 1, kNewest = 2;  // formats
constexpr std::size_t kPrefixBytes = MergedCursor::kPrefixDigits / 2;
constexpr std::size_t kTextMax = 16 * 1024;

char format_of(Order order) { return order == Order::kOldestFirst ? kOldest : kNewest; }

void append_varint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) out += static_cast<char>((number & 0x7f) | 0x80);
  out += static_cast<char>(number);
}

// Takes it off the front; nothing when it does not end.
bool take_varint(std::string_view& in, std::uint64_t& number) {
  number = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    number |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

base::Unexpected no_cursor() {
  return base::fail(base::Code::kInvalid, "that is no cursor of such a query",
                    "take it as the last answer gave it, with the same order", "bad_cursor");
}

}  // namespace

std::string MergedCursor::encode(Order order) const {
  std::string bytes(1, format_of(order));
  const auto at = base::parse_rfc3339(time);
  append_varint(bytes, at ? static_cast<std::uint64_t>(at->microseconds) + 1 : 0);
  for (const auto& [prefix, seq] : seqs) {
    bytes += base::hex_decode(prefix).value_or(std::string(kPrefixBytes, '\0'));
    append_varint(bytes, seq);
  }
  return base::base64url_encode(bytes);
}

base::Result<MergedCursor> MergedCursor::parse(std::string_view text, Order order) {
  if (text.size() > kTextMax) return no_cursor();
  const auto bytes = base::base64url_decode(text);
  if (!bytes || bytes->empty() || bytes->front() != format_of(order)) return no_cursor();
  std::string_view in = std::string_view(*bytes).substr(1);
  MergedCursor cursor;
  std::uint64_t number = 0;
  if (!take_varint(in, number)) return no_cursor();
  if (number > 0) cursor.time = base::rfc3339({static_cast<std::int64_t>(number - 1)});
  while (!in.empty()) {
    if (in.size() < kPrefixBytes) return no_cursor();
    const std::string prefix = base::hex_encode(in.substr(0, kPrefixBytes));
    in.remove_prefix(kPrefixBytes);
    if (!take_varint(in, number)) return no_cursor();
    cursor.seqs[prefix] = number;
  }
  return cursor;
}

}  // namespace sutler::audit
