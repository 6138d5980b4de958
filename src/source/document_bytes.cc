#include "source/document_bytes.h"

#include <cstdint>
#include <utility>

namespace sutler::source {
namespace {

constexpr char kBytes = 'b';
constexpr char kObject = 'o';

void put_number(std::string& out, std::uint64_t number) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((number >> shift) & 0xff);
}

void put_text(std::string& out, std::string_view text) {
  put_number(out, text.size());
  out += text;
}

class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}

  std::optional<std::uint64_t> number() {
    if (left_.size() < 8) return std::nullopt;
    std::uint64_t number = 0;
    for (int i = 7; i >= 0; --i) {
      number = number << 8 | static_cast<unsigned char>(left_[static_cast<std::size_t>(i)]);
    }
    left_.remove_prefix(8);
    return number;
  }
  std::optional<std::string_view> text() {
    const auto size = number();
    if (!size || *size > left_.size()) return std::nullopt;
    const std::string_view text = left_.substr(0, *size);
    left_.remove_prefix(*size);
    return text;
  }
  std::optional<char> letter() {
    if (left_.empty()) return std::nullopt;
    const char letter = left_.front();
    left_.remove_prefix(1);
    return letter;
  }
  [[nodiscard]] bool at_end() const { return left_.empty(); }
  [[nodiscard]] std::size_t left() const { return left_.size(); }

 private:
  std::string_view left_;
};

}  // namespace

base::Secret write_document(std::string_view locator, const Document& document,
                            base::UnixTime read_at) {
  std::size_t bytes = 64 + locator.size() + document.bytes.size();
  if (document.fields) {
    for (const auto& field : *document.fields) bytes += 16 + field.name.size() + field.value.size();
  }
  std::string out;
  out.reserve(bytes);
  put_number(out, static_cast<std::uint64_t>(read_at.microseconds));
  put_text(out, locator);
  put_text(out, document.bytes.expose());
  out += document.fields ? kObject : kBytes;
  if (document.fields) {
    put_number(out, document.fields->size());
    for (const auto& field : *document.fields) {
      put_text(out, field.name);
      put_text(out, field.value.expose());
    }
  }
  return base::Secret(std::move(out));
}

std::optional<KeptDocument> read_document(std::string_view bytes) {
  Reader reader(bytes);
  const auto read_at = reader.number();
  const auto locator = reader.text();
  const auto content = reader.text();
  const auto form = reader.letter();
  if (!read_at || !locator || !content || !form) return std::nullopt;
  KeptDocument kept;
  kept.read_at.microseconds = static_cast<std::int64_t>(*read_at);
  kept.locator = *locator;
  kept.document.bytes = base::Secret(*content);
  if (*form == kObject) {
    const auto count = reader.number();
    if (!count || *count > reader.left()) return std::nullopt;
    auto& fields = kept.document.fields.emplace();
    for (std::uint64_t i = 0; i < *count; ++i) {
      const auto name = reader.text();
      const auto value = reader.text();
      if (!name || !value) return std::nullopt;
      fields.push_back({std::string(*name), base::Secret(*value)});
    }
  } else if (*form != kBytes) {
    return std::nullopt;
  }
  if (!reader.at_end()) return std::nullopt;
  return kept;
}

}  // namespace sutler::source
