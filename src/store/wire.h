// The binary encoding of what is sealed: bytes, numbers and texts in a row, each with exactly one
// form (docs/formats/store.md). The reader is strict: it never reads past the end, refuses numbers
// that are longer than they need to be, and the caller asks done() at the end so that trailing
// bytes are errors.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sutler::store {

class ByteWriter {
 public:
  // `bytes` is how much will be written, roughly: secrets should not be left behind by growing.
  explicit ByteWriter(std::size_t bytes) { out_.reserve(bytes); }

  void byte(unsigned value) { out_.push_back(static_cast<char>(value)); }
  // 7 bits a byte, low ones first, the high bit says that more follow (LEB128).
  void number(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) byte(static_cast<unsigned>(value & 0x7f) | 0x80U);
    byte(static_cast<unsigned>(value));
  }
  // Zigzag: 0, -1, 1, -2, … become 0, 1, 2, 3, …
  void signed_number(std::int64_t value) {
    const auto bits = static_cast<std::uint64_t>(value);
    number((bits << 1) ^ (value < 0 ? ~std::uint64_t{0} : 0));
  }
  void text(std::string_view value) {
    number(value.size());
    raw(value);
  }
  void raw(std::string_view bytes) { out_.append(bytes); }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  std::string out_;
};

// After the first thing that cannot be read every call gives zero or empty, and done() is false.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : rest_(bytes) {}

  // A byte that is at most `max`.
  [[nodiscard]] unsigned byte(unsigned max) {
    if (rest_.empty()) return refuse();
    const unsigned value = static_cast<unsigned char>(rest_.front());
    if (value > max) return refuse();
    rest_.remove_prefix(1);
    return value;
  }
  [[nodiscard]] std::uint64_t number() {
    if (!rest_.empty() && static_cast<unsigned char>(rest_.front()) < 0x80) return byte(0x7f);
    return long_number();
  }
  [[nodiscard]] std::int64_t signed_number() {
    const std::uint64_t bits = number();
    return static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
  }
  // How many things follow; each takes at least one byte, so more than there are bytes is refused.
  [[nodiscard]] std::size_t count() {
    const std::uint64_t value = number();
    return value <= rest_.size() ? static_cast<std::size_t>(value) : refuse();
  }
  // Into the bytes that are read.
  [[nodiscard]] std::string_view text() { return raw(count()); }
  [[nodiscard]] std::string_view raw(std::size_t bytes) {
    if (bytes > rest_.size()) {
      refuse();
      return {};
    }
    const std::string_view out = rest_.substr(0, bytes);
    rest_.remove_prefix(bytes);
    return out;
  }

  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  // For what the caller finds wrong with a value that could be read.
  unsigned refuse() {
    ok_ = false;
    rest_ = {};
    return 0;
  }

 private:
  [[nodiscard]] std::uint64_t long_number() {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      const unsigned next = byte(0xff);
      if (!ok_ || (next == 0 && shift > 0) || (shift == 63 && next > 1)) return refuse();
      value |= static_cast<std::uint64_t>(next & 0x7f) << shift;
      if (next < 0x80) return value;
    }
    return refuse();
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace sutler::store
