#include "base/json.h"

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <unordered_set>
#include <vector>

#include "base/json_bounded.h"
#include "base/limits.h"
#include "base/utf8.h"

namespace sutler::base {
namespace {

namespace json = boost::json;

// What Boost's parser calls while it reads: builds the tree, and stops at a member that the same
// object already has (Boost's own parser would let the last one win).
class StrictHandler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);
  using Ec = json::error_code;

  bool on_document_begin(Ec&) { return true; }
  bool on_document_end(Ec&) { return true; }
  bool on_object_begin(Ec& ec) {
    names_.emplace_back();
    return fits(ec);
  }
  bool on_object_end(std::size_t count, Ec&) {
    names_.pop_back();
    stack_.push_object(count);
    return true;
  }
  bool on_array_begin(Ec& ec) { return fits(ec); }
  bool on_array_end(std::size_t count, Ec&) {
    stack_.push_array(count);
    return true;
  }
  bool on_key_part(json::string_view part, std::size_t, Ec&) {
    key_.append(part.data(), part.size());
    stack_.push_chars(part);
    return true;
  }
  bool on_key(json::string_view part, std::size_t, Ec& ec) {
    key_.append(part.data(), part.size());
    stack_.push_key(part);
    if (!names_.back().insert(key_).second) {
      duplicate_ = std::move(key_);
      ec = json::error::syntax;
    } else if (names_.back().size() > members_max_) {
      too_many_ = "more than " + std::to_string(members_max_) + " members in one object";
      ec = json::error::object_too_large;
    }
    key_.clear();
    return !ec;
  }
  bool on_string_part(json::string_view part, std::size_t, Ec&) {
    stack_.push_chars(part);
    return true;
  }
  bool on_string(json::string_view part, std::size_t, Ec& ec) {
    stack_.push_string(part);
    return fits(ec);
  }
  bool on_number_part(json::string_view, Ec&) { return true; }
  bool on_int64(std::int64_t number, json::string_view, Ec& ec) {
    stack_.push_int64(number);
    return fits(ec);
  }
  bool on_uint64(std::uint64_t number, json::string_view, Ec& ec) {
    stack_.push_uint64(number);
    return fits(ec);
  }
  bool on_double(double number, json::string_view, Ec& ec) {
    if (!std::isfinite(number)) {
      ec = json::error::not_number;
      return false;
    }
    stack_.push_double(number);
    return fits(ec);
  }
  bool on_bool(bool value, Ec& ec) {
    stack_.push_bool(value);
    return fits(ec);
  }
  bool on_null(Ec& ec) {
    stack_.push_null();
    return fits(ec);
  }
  bool on_comment_part(json::string_view, Ec&) { return true; }
  bool on_comment(json::string_view, Ec&) { return true; }

  void start(std::size_t members_max, std::size_t values_max) {
    members_max_ = members_max;
    values_max_ = values_max;
    stack_.reset();
  }
  [[nodiscard]] json::value release() { return stack_.release(); }
  // The member that was there twice, if that was the fault.
  [[nodiscard]] const std::optional<std::string>& duplicate() const { return duplicate_; }
  // Of what there was too much, if that was the fault.
  [[nodiscard]] const std::optional<std::string>& too_many() const { return too_many_; }

 private:
  bool fits(Ec& ec) {
    if (++values_ <= values_max_) return true;
    too_many_ = "more than " + std::to_string(values_max_) + " values";
    ec = json::error::array_too_large;
    return false;
  }

  std::size_t members_max_ = 0, values_max_ = 0, values_ = 0;
  json::value_stack stack_;
  std::vector<std::unordered_set<std::string>> names_;
  std::string key_;
  std::optional<std::string> duplicate_, too_many_;
};

std::string place(std::string_view text, std::size_t at) {
  std::size_t line = 1, column = 1;
  for (std::size_t i = 0; i < at && i < text.size(); ++i) {
    column = text[i] == '\n' ? 1 : column + 1;
    line += text[i] == '\n' ? 1 : 0;
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

Result<json::value> parse(std::string_view text, std::size_t members_max, std::size_t values_max) {
  json::parse_options options;
  options.max_depth = limits::kJsonDepthMax;
  json::basic_parser<StrictHandler> parser(options);
  parser.handler().start(members_max, values_max);
  json::error_code ec;
  try {
    const std::size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (!ec && used < text.size()) ec = json::error::extra_data;
    if (const auto& many = parser.handler().too_many()) {
      return fail(Code::kTooLarge, *many, "send it in parts");
    }
    if (ec) {
      const auto& twice = parser.handler().duplicate();
      const std::string what =
          twice ? "member " + quote_name(*twice) + " is there twice in one object"
                : "not valid JSON (" + ec.message() + ")";
      return fail(Code::kInvalid, what + " at " + place(text, used));
    }
    return parser.handler().release();
  } catch (const std::exception& e) {
    return fail(Code::kInvalid, std::string("JSON cannot be read: ") + e.what());
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text) {
  constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();
  return parse(text, kAny, kAny);
}

Result<json::value> parse_bounded_json(std::string_view text) {
  return parse(text, kTreeMembersMax, kTreeValuesMax);
}

namespace {

void append_escape(std::string& out, unsigned code) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += digits[code >> shift & 15];
}

void append_control(std::string& out, char c) {
  switch (c) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: append_escape(out, static_cast<unsigned char>(c));
  }
}

bool is_plain(char c) {
  const auto u = static_cast<unsigned char>(c);
  return u >= 0x20 && u < 0x7f && u != '"' && u != '\\';
}

// Where the run of characters that need no escape ends. Eight bytes at a time: the whole of a
// bundle passes here. A byte of `mask` has its high bit set when that byte of the word may need
// one (the subtractions can borrow from a neighbour, which only costs a look).
std::size_t end_of_plain(std::string_view text, std::size_t i) {
  constexpr std::uint64_t ones = 0x0101010101010101ULL;
  constexpr std::uint64_t highs = ones * 0x80;
  const auto equals = [](std::uint64_t word, unsigned char byte) {
    const std::uint64_t differs = word ^ (ones * byte);
    return (differs - ones) & ~differs;
  };
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    const std::uint64_t below_space = (word - ones * 0x20) & ~word;
    const std::uint64_t mask =
        word | below_space | equals(word, '"') | equals(word, '\\') | equals(word, 0x7f);
    if ((mask & highs) != 0) break;
  }
  while (i < text.size() && is_plain(text[i])) ++i;
  return i;
}

// Appends the character that starts at `i` with a byte over 0x7f; gives its bytes.
std::size_t append_wide(std::string& out, std::string_view text, std::size_t i) {
  for (std::size_t bytes = 2; bytes <= 4 && i + bytes <= text.size(); ++bytes) {
    const auto character = text.substr(i, bytes);
    if (!is_utf8(character)) continue;
    if (character == "\u2028") {
      out += "\\u2028";
    } else if (character == "\u2029") {
      out += "\\u2029";
    } else {
      out += character;
    }
    return bytes;
  }
  out += "\ufffd";
  return 1;
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t special = end_of_plain(text, i);
    out.append(text, i, special - i);
    i = special;
    if (i == text.size()) break;
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      append_control(out, text[i]);
      ++i;
    } else {
      i += append_wide(out, text, i);
    }
  }
  out += '"';
}

bool is_whole(double number) {
  return number == std::floor(number) && number >= -9.2e18 && number <= 9.2e18;
}

}  // namespace sutler::base
