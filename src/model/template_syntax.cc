#include "model/template_syntax.h"

#include <optional>
#include <utility>

#include "model/group.h"

namespace sutler::model {
namespace {

using base::Code;
using base::Result;

constexpr std::string_view kSyntaxHint =
    "templates take ${KEY}, ${KEY|urlencode}, ${KEY|base64}, ${KEY|json}, ${workload.projectId}, "
    "${workload.nfObjectId}, ${workload.nfObjectType}, ${fn.randomSecret(32)}, "
    "${fn.randomSecret(32, 'hex')} and $${ for a literal ${";

base::Unexpected malformed(std::string what) {
  return base::fail(Code::kInvalid, std::move(what), std::string(kSyntaxHint), "template_invalid");
}

// Reads the text from left to right. At each `$`: `$${` is a literal `${`, `${` begins a part,
// anything else is the character itself.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<Part>> run() {
    while (at_ < text_.size()) {
      const std::size_t dollar = text_.find('$', at_);
      take_text(dollar);
      if (dollar == std::string_view::npos) break;
      if (text_.substr(at_).starts_with("$${")) {
        pending_ += "${";
        at_ += 3;
      } else if (text_.substr(at_).starts_with("${")) {
        if (Result<void> done = take_part(); !done) return pass(done);
      } else {
        pending_ += '$';
        ++at_;
      }
    }
    flush();
    return std::move(parts_);
  }

 private:
  void take_text(std::size_t end) {
    if (end == std::string_view::npos) end = text_.size();
    pending_.append(text_.substr(at_, end - at_));
    at_ = end;
  }

  void flush() {
    if (pending_.empty()) return;
    parts_.emplace_back(TextPart{std::move(pending_)});
    pending_.clear();
  }

  // The number of the character (not byte) at which the part starts, from 1.
  [[nodiscard]] std::string place() const {
    std::size_t characters = 1;
    for (const char c : text_.substr(0, at_)) {
      if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) ++characters;
    }
    return " at character " + std::to_string(characters);
  }

  Result<void> take_part() {
    const std::size_t end = text_.find('}', at_);
    if (end == std::string_view::npos) return malformed("a ${ without its }" + place());
    const std::string_view inside = text_.substr(at_ + 2, end - at_ - 2);
    Result<Part> part =
        inside.starts_with("fn.") ? parse_function(inside.substr(3)) : parse_name(inside);
    if (!part) return pass(part);
    flush();
    parts_.push_back(std::move(*part));
    at_ = end + 1;
    return {};
  }

  Result<Part> parse_name(std::string_view inside) const {
    Filter filter = Filter::kNone;
    if (const std::size_t bar = inside.find('|'); bar != std::string_view::npos) {
      const std::string_view word = inside.substr(bar + 1);
      if (word == "urlencode") {
        filter = Filter::kUrlencode;
      } else if (word == "base64") {
        filter = Filter::kBase64;
      } else if (word == "json") {
        filter = Filter::kJson;
      } else {
        return malformed("an unknown filter" + place());
      }
      inside = inside.substr(0, bar);
    }
    if (!is_variable_name(inside)) {
      return malformed("a ${…} that is neither a variable's name nor a function" + place());
    }
    if (inside.starts_with("workload.")) return parse_workload(inside.substr(9), filter);
    return VariablePart{std::string(inside), filter};
  }

  Result<Part> parse_workload(std::string_view field, Filter filter) const {
    if (field == "projectId") return WorkloadPart{WorkloadPart::Field::kProjectId, filter};
    if (field == "nfObjectId") return WorkloadPart{WorkloadPart::Field::kObjectId, filter};
    if (field == "nfObjectType") return WorkloadPart{WorkloadPart::Field::kObjectType, filter};
    return malformed("an unknown member of workload" + place());
  }

  // `randomSecret(n)` or `randomSecret(n, 'hex')`; spaces are taken around the arguments.
  Result<Part> parse_function(std::string_view call) const {
    constexpr std::string_view kName = "randomSecret(";
    if (!call.starts_with(kName)) return malformed("an unknown function" + place());
    if (!call.ends_with(')')) return malformed("a function without its )" + place());
    std::string_view arguments = call.substr(kName.size(), call.size() - kName.size() - 1);
    auto alphabet = RandomPart::Alphabet::kAlphanumeric;
    if (const std::size_t comma = arguments.find(','); comma != std::string_view::npos) {
      if (trim(arguments.substr(comma + 1)) != "'hex'") {
        return malformed("a second argument of randomSecret other than 'hex'" + place());
      }
      alphabet = RandomPart::Alphabet::kHex;
      arguments = arguments.substr(0, comma);
    }
    const std::optional<std::size_t> length = parse_length(trim(arguments));
    if (!length) return malformed("a length of randomSecret that is not 1 to 1024" + place());
    return RandomPart{*length, alphabet};
  }

  static std::string_view trim(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    return text;
  }

  static std::optional<std::size_t> parse_length(std::string_view digits) {
    if (digits.empty() || digits.size() > 4 || digits[0] == '0') return std::nullopt;
    std::size_t length = 0;
    for (const char c : digits) {
      if (c < '0' || c > '9') return std::nullopt;
      length = length * 10 + static_cast<std::size_t>(c - '0');
    }
    if (length > 1024) return std::nullopt;
    return length;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string pending_;
  std::vector<Part> parts_;
};

}  // namespace

Result<std::vector<Part>> parse_template(std::string_view text) { return Parser(text).run(); }

}  // namespace sutler::model
