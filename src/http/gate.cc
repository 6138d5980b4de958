#include "http/gate.h"

#include <array>
#include <cstring>
#include <optional>

#include "base/limits.h"

namespace sutler::http {
namespace {

namespace limits = base::limits;

constexpr std::array<bool, 256> make_set(std::string_view members) {
  std::array<bool, 256> set{};
  for (const char c : members) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr std::string_view kAlnum =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

constexpr std::array<bool, 256> with_alnum(std::string_view others) {
  auto set = make_set(others);
  for (const char c : kAlnum) set[static_cast<unsigned char>(c)] = true;
  return set;
}

constexpr auto kTokenSet = with_alnum("!#$%&'*+-.^_`|~");  // RFC 9110 tchar
constexpr auto kHostSet = with_alnum(".-_");
constexpr auto kIpv6Set = make_set("0123456789abcdefABCDEF:.");

// Visible characters, space, tab and obs-text (RFC 9110 5.5).
constexpr std::array<bool, 256> kValueSet = [] {
  std::array<bool, 256> set{};
  for (std::size_t i = 0x20; i < 256; ++i) set[i] = i != 0x7f;
  set['\t'] = true;
  return set;
}();

// Visible ASCII but `#`, which no request target holds (RFC 9112 3.2.1).
constexpr std::array<bool, 256> kTargetSet = [] {
  std::array<bool, 256> set{};
  for (std::size_t i = 0x21; i < 0x7f; ++i) set[i] = true;
  for (const char c : std::string_view("#<>\"\\^`{|}")) set[static_cast<unsigned char>(c)] = false;
  return set;
}();

bool all_in(const std::array<bool, 256>& set, std::string_view text) {
  bool ok = true;
  for (const char c : text) ok &= set[static_cast<unsigned char>(c)];
  return ok;
}

bool is_digits(std::string_view text) {
  bool ok = !text.empty();
  for (const char c : text) ok &= c >= '0' && c <= '9';
  return ok;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// `host`, `host:port` or `[v6]:port`; the set is narrower than RFC 3986's, which allows what no
// host name of ours ever holds.
bool is_host(std::string_view text) {
  std::string_view host = text, port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos || end < 2) return false;
    if (!all_in(kIpv6Set, text.substr(1, end - 1))) return false;
    port = text.substr(end + 1);
  } else {
    const auto colon = text.find(':');
    host = text.substr(0, colon);
    if (host.empty() || !all_in(kHostSet, host)) return false;
    port = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (port.empty()) return true;
  return port.front() == ':' && port.size() <= 6 && is_digits(port.substr(1));
}

// The parser's state while it goes through one block.
class HeadParser {
 public:
  HeadParser(const GateOptions& options, Head& head, std::vector<Field>& fields)
      : options_(options), head_(head), fields_(fields) {}

  std::optional<Refused> request_line(std::string_view line) {
    const auto method_end = line.find(' ');
    if (method_end == std::string_view::npos) return bad("bad_request_line");
    const auto target_end = line.find(' ', method_end + 1);
    if (target_end == std::string_view::npos) return bad("bad_request_line");
    head_.method = line.substr(0, method_end);
    const auto target = line.substr(method_end + 1, target_end - method_end - 1);
    const auto version = line.substr(target_end + 1);
    if (head_.method.empty() || head_.method.size() > 32 || !all_in(kTokenSet, head_.method)) {
      return bad("bad_method");
    }
    if (target.size() > limits::kTargetBytesMax) return Refused{414, "target_too_long"};
    if (!target.starts_with('/') || !all_in(kTargetSet, target)) return bad("bad_target");
    const auto mark = target.find('?');
    head_.path = target.substr(0, mark);
    head_.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
    return check_version(version);
  }

  std::optional<Refused> field(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return bad("bad_field");
    const Field field{line.substr(0, colon), trim(line.substr(colon + 1))};
    if (field.name.empty() || !all_in(kTokenSet, field.name)) return bad("bad_field_name");
    if (!all_in(kValueSet, field.value)) return bad("bad_field_value");
    if (fields_.size() == limits::kRequestHeaderFieldsMax) return Refused{431, "too_many_fields"};
    fields_.push_back(field);
    return known_field(field);
  }

  std::optional<Refused> finish() {
    if (hosts_ != 1) return bad(hosts_ == 0 ? "no_host" : "two_hosts");
    if (head_.minor_version == 0 && !keep_alive_) head_.persistence = Persistence::kClose;
    if (close_) head_.persistence = Persistence::kClose;
    if (transfer_encodings_ > 0) {
      // On the admin side a well-meant upload deserves to be told what is missing.
      const bool plain = head_.minor_version == 1 && content_lengths_ == 0;
      if (options_.body_bytes_max > 0 && plain) return Refused{411, "transfer_encoding"};
      return bad("transfer_encoding");
    }
    if (head_.content_length > options_.body_bytes_max) return Refused{413, "body_too_large"};
    if (expects_other_) return Refused{417, "bad_expectation"};
    return std::nullopt;
  }

 private:
  static Refused bad(std::string_view why) { return Refused{400, why}; }

  std::optional<Refused> check_version(std::string_view version) {
    if (version == "HTTP/1.1" || version == "HTTP/1.0") {
      head_.minor_version = version.back() - '0';
      return std::nullopt;
    }
    const bool formed = version.size() == 8 && version.starts_with("HTTP/") &&
                        is_digits(version.substr(5, 1)) && version[6] == '.' &&
                        is_digits(version.substr(7, 1));
    return formed ? Refused{505, "http_version"} : bad("bad_http_version");
  }

  std::optional<Refused> known_field(const Field& field) {
    switch (field.name.size()) {
      case 4:
        if (equal_fold(field.name, "host")) return host(field.value);
        break;
      case 6:
        if (equal_fold(field.name, "expect")) expect(field.value);
        break;
      case 10:
        if (equal_fold(field.name, "connection")) connection(field.value);
        break;
      case 13:
        if (equal_fold(field.name, "authorization")) return authorization(field.value);
        break;
      case 14:
        if (equal_fold(field.name, "content-length")) return content_length(field.value);
        break;
      case 17:
        if (equal_fold(field.name, "transfer-encoding")) ++transfer_encodings_;
        break;
      default: break;
    }
    return std::nullopt;
  }

  std::optional<Refused> host(std::string_view value) {
    if (++hosts_ > 1) return bad("two_hosts");
    if (!is_host(value)) return bad("bad_host");
    return std::nullopt;
  }

  std::optional<Refused> authorization(std::string_view value) {
    if (head_.has_authorization) return bad("two_authorizations");
    head_.has_authorization = true;
    head_.authorization = value;
    return std::nullopt;
  }

  std::optional<Refused> content_length(std::string_view value) {
    if (++content_lengths_ > 1) return bad("two_content_lengths");
    if (!is_digits(value) || value.size() > 18) return bad("bad_content_length");
    for (const char c : value) {
      head_.content_length = head_.content_length * 10 + static_cast<unsigned>(c - '0');
    }
    return std::nullopt;
  }

  void expect(std::string_view value) {
    if (equal_fold(value, "100-continue")) {
      head_.expects_continue = true;
    } else {
      expects_other_ = true;
    }
  }

  void connection(std::string_view value) {
    while (!value.empty()) {
      const auto comma = value.find(',');
      const auto option = trim(value.substr(0, comma));
      close_ = close_ || equal_fold(option, "close");
      keep_alive_ = keep_alive_ || equal_fold(option, "keep-alive");
      value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
    }
  }

  const GateOptions& options_;
  Head& head_;
  std::vector<Field>& fields_;
  int hosts_ = 0, content_lengths_ = 0, transfer_encodings_ = 0;
  bool close_ = false, keep_alive_ = false, expects_other_ = false;
};

Scan refuse(int status, std::string_view why) {
  Scan scan;
  scan.state = Scan::State::kRefused;
  scan.refused = {status, why};
  return scan;
}

Scan refuse_long_line(std::string_view arrived) {
  const bool in_target = arrived.substr(0, 33).find(' ') != std::string_view::npos;
  return in_target ? refuse(414, "target_too_long") : refuse(400, "bad_method");
}

// Method, two spaces, version and line end around the longest target.
constexpr std::size_t kRequestLineBytesMax = limits::kTargetBytesMax + 64;

}  // namespace

Scan scan_head(std::string_view arrived, std::size_t from) {
  Scan scan;
  const std::size_t end = std::min(arrived.size(), limits::kRequestHeaderBytesMax);
  if (from == 0 && !arrived.empty() && !kTokenSet[static_cast<unsigned char>(arrived[0])]) {
    return refuse(400, "bad_method");
  }
  std::size_t at = from;
  while (at < end) {
    const void* found = std::memchr(arrived.data() + at, '\n', end - at);
    if (found == nullptr) break;
    const auto lf = static_cast<std::size_t>(static_cast<const char*>(found) - arrived.data());
    if (at == 0 && lf > kRequestLineBytesMax) return refuse_long_line(arrived);
    if (lf == 0 || arrived[lf - 1] != '\r') return refuse(400, "bare_lf");
    if (lf >= 3 && arrived[lf - 2] == '\n') {
      scan.state = Scan::State::kComplete;
      scan.head_bytes = lf + 1;
      return scan;
    }
    at = lf + 1;
  }
  // `at` is the start of the last line, which has no end yet.
  if (at == 0 && arrived.size() > kRequestLineBytesMax) return refuse_long_line(arrived);
  if (arrived.size() >= limits::kRequestHeaderBytesMax) return refuse(431, "header_too_large");
  scan.next = at;
  return scan;
}

bool parse_head(std::string_view block, const GateOptions& options, Head& head,
                std::vector<Field>& fields, Refused& refused) {
  head = Head{};
  fields.clear();
  HeadParser parser(options, head, fields);
  std::optional<Refused> wrong;
  bool first = true;
  while (block.size() > 2 && !wrong) {
    const auto end = block.find("\r\n");
    // A CR or LF inside the line is no visible character and is refused with the part that holds
    // it.
    const auto line = block.substr(0, end);
    wrong = first ? parser.request_line(line) : parser.field(line);
    first = false;
    block.remove_prefix(end + 2);
  }
  if (!wrong) wrong = first ? std::optional(Refused{400, "bad_request_line"}) : parser.finish();
  if (wrong) refused = *wrong;
  return !wrong;
}

}  // namespace sutler::http
