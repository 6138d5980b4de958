// npm dotenv 16.6.1 reads with one regular expression that backtracks:
//
//   ^\s*(?:export\s+)?([\w.-]+)(?:\s*=\s*?|:\s+?)
//   (\s*'(?:\\'|[^'])*'|\s*"(?:\\"|[^"])*"|\s*`(?:\\`|[^`])*`|[^#\r\n]+)?\s*(?:#.*)?$      (mg)
//
// This is the same language read by hand, in linear time. What backtracking comes down to:
//   * `\s*` crosses lines, before and behind a value as well.
//   * Behind the separator a match always succeeds: whatever quotes do not fit, `[^#\r\n]+` or
//     nothing does. So the lazy `\s*?` and `\s+?` never take more than they must.
//   * A quoted text ends at the first quote without a backslash; where nothing fits behind that
//   one,
//     at the last quote with a backslash behind which something does.
#include "model/dotenv.h"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace sutler::model {
namespace {

using std::size_t;
using std::string_view;

constexpr string_view kQuotes = "'\"`";

// Bytes of the white space of JavaScript (`\s`, trim()) at `i`; 0 when there is none.
size_t space_bytes(string_view text, size_t i) {
  if (i >= text.size()) return 0;
  const char c = text[i];
  if (c == ' ' || (c >= '\t' && c <= '\r')) return 1;
  if (static_cast<unsigned char>(c) < 0xc2) return 0;
  if (text.substr(i, 2) == "\u00a0") return 2;
  // U+2000 to U+200A are e2 80 80 to e2 80 8a.
  const string_view three = text.substr(i, 3);
  if (three >= "\xe2\x80\x80" && three <= "\xe2\x80\x8a") return 3;
  constexpr std::array<string_view, 7> others = {"\u1680", "\u2028", "\u2029", "\u202f",
                                                 "\u205f", "\u3000", "\ufeff"};
  return std::ranges::find(others, three) != others.end() ? 3 : 0;
}

// Bytes of a line terminator at `i`, where `^` and `$` are: LF, CR, U+2028 and U+2029.
size_t terminator_bytes(string_view text, size_t i) {
  if (i >= text.size()) return 0;
  if (text[i] == '\n' || text[i] == '\r') return 1;
  const string_view three = text.substr(i, 3);
  return three == "\u2028" || three == "\u2029" ? 3 : 0;
}

size_t skip_space(string_view text, size_t i) {
  while (const size_t bytes = space_bytes(text, i)) i += bytes;
  return i;
}

size_t end_of_line(string_view text, size_t i) {
  while (i < text.size() && terminator_bytes(text, i) == 0) ++i;
  return i;
}

// `i` or the first start of a line behind it.
size_t line_start(string_view text, size_t i) {
  if (i == 0 || (i <= text.size() && (text[i - 1] == '\n' || text[i - 1] == '\r'))) return i;
  if (i >= 3 && terminator_bytes(text, i - 3) == 3) return i;
  const size_t end = end_of_line(text, i);
  return end + std::max<size_t>(terminator_bytes(text, end), 1);
}

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

size_t skip_name(string_view text, size_t i) {
  while (i < text.size() && is_name_character(text[i])) ++i;
  return i;
}

string_view trim(string_view text) {
  text.remove_prefix(skip_space(text, 0));
  size_t end = 0;  // behind the last character that is not space
  for (size_t i = 0; i < text.size();) {
    const size_t space = space_bytes(text, i);
    i += std::max<size_t>(space, 1);
    if (space == 0) end = i;
  }
  return text.substr(0, end);
}

// Where `\s*(?:#.*)?$` from `i` ends, or nothing.
std::optional<size_t> match_rest(string_view text, size_t i) {
  std::optional<size_t> last_terminator;
  while (const size_t bytes = space_bytes(text, i)) {
    if (terminator_bytes(text, i) != 0) last_terminator = i;
    i += bytes;
  }
  if (i == text.size()) return i;
  if (text[i] == '#') return end_of_line(text, i);
  return last_terminator;
}

struct Match {
  string_view name;
  string_view value;  // as captured, with its quotes
  size_t end = 0;
};

// `\s*'(?:\\'|[^'])*'` from `i` and the rest of the line behind it.
bool match_quoted(string_view text, size_t i, Match& match) {
  const size_t open = skip_space(text, i);
  if (open >= text.size() || kQuotes.find(text[open]) == string_view::npos) return false;
  const char quote = text[open];
  const auto closes_at = [&](size_t at) {
    const auto end = match_rest(text, at + 1);
    if (!end) return false;
    match.value = text.substr(i, at + 1 - i);
    match.end = *end;
    return true;
  };
  std::vector<size_t> escaped;
  for (size_t at = open + 1; at < text.size(); ++at) {
    if (text[at] == '\\' && text.substr(at + 1, 1) == string_view(&quote, 1)) {
      escaped.push_back(++at);
    } else if (text[at] == quote) {
      if (closes_at(at)) return true;
      break;
    }
  }
  return std::any_of(escaped.rbegin(), escaped.rend(), closes_at);
}

// The value and the rest of the line, from behind the separator. Always matches.
void match_value(string_view text, size_t i, Match& match) {
  if (match_quoted(text, i, match)) return;
  const size_t end = std::min(text.find_first_of("#\n", i), text.size());
  match.value = text.substr(i, end - i);
  match.end = match_rest(text, end).value_or(end);
}

// A name and its separator from `i`; gives where the value begins.
std::optional<size_t> match_name(string_view text, size_t i, string_view& name) {
  const size_t end = skip_name(text, i);
  if (end == i) return std::nullopt;
  name = text.substr(i, end - i);
  const size_t equals = skip_space(text, end);
  if (equals < text.size() && text[equals] == '=') return equals + 1;
  if (end >= text.size() || text[end] != ':') return std::nullopt;
  const size_t space = space_bytes(text, end + 1);
  return space == 0 ? std::nullopt : std::optional(end + 1 + space);
}

// A match that starts behind the white space which ends at `i`.
bool match_entry(string_view text, size_t i, Match& match) {
  constexpr string_view word = "export";
  std::optional<size_t> value;
  if (text.substr(i).starts_with(word)) {
    const size_t name = skip_space(text, i + word.size());
    if (name > i + word.size()) value = match_name(text, name, match.name);
  }
  if (!value) value = match_name(text, i, match.name);
  if (!value) return false;
  match_value(text, *value, match);
  return true;
}

// value.replace(/^(['"`])([\s\S]*)\1$/mg, '$2'): takes the quotes away, line by line.
std::string unquote(string_view value) {
  // The last quote of each kind at the end of a line, from which `[\s\S]*` falls back to it.
  std::array<size_t, 3> last{};
  for (size_t i = 0; i < value.size(); ++i) {
    const size_t kind = kQuotes.find(value[i]);
    const bool ends_line = i + 1 == value.size() || terminator_bytes(value, i + 1) != 0;
    if (kind != string_view::npos && ends_line) last[kind] = i;
  }
  std::string out;
  size_t done = 0;
  for (size_t at = 0; at < value.size();) {
    const size_t kind = kQuotes.find(value[at]);
    if (kind != string_view::npos && last[kind] > at) {
      out += value.substr(done, at - done);
      out += value.substr(at + 1, last[kind] - at - 1);
      at = done = last[kind] + 1;
    } else {
      at += std::max<size_t>(terminator_bytes(value, at), 1);
    }
    at = line_start(value, at);
  }
  out += value.substr(done);
  return out;
}

// Only `\n` and `\r` mean something between double quotes.
std::string expand(string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const string_view two = text.substr(i, 2);
    if (two == "\\n" || two == "\\r") {
      out += two[1] == 'n' ? '\n' : '\r';
      ++i;
    } else {
      out += text[i];
    }
  }
  return out;
}

base::Secret value_of(string_view captured) {
  const string_view trimmed = trim(captured);
  std::string value = unquote(trimmed);
  if (trimmed.starts_with('"')) value = expand(value);
  return base::Secret(std::move(value));
}

std::string with_line_feeds(string_view text) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r') {
      out += text[i];
    } else if (text.substr(i + 1, 1) != "\n") {
      out += '\n';
    }
  }
  return out;
}

}  // namespace

std::vector<DotenvEntry> read_dotenv(string_view raw) {
  const std::string text = with_line_feeds(raw);
  std::vector<DotenvEntry> entries;
  std::unordered_map<std::string, size_t> places;
  for (size_t at = 0; at < text.size();) {
    const size_t begin = skip_space(text, at);
    Match match;
    if (!match_entry(text, begin, match)) {
      at = line_start(text, begin + 1);  // lines that start in the white space before fail alike
      continue;
    }
    const auto [place, is_new] = places.emplace(match.name, entries.size());
    if (is_new) entries.push_back({std::string(match.name), {}});
    DotenvEntry& entry = entries[place->second];
    entry.value = value_of(match.value);
    entry.lost_returns = raw.contains('\r') && trim(match.value).contains('\n');
    if (!is_new) ++entry.times;
    at = line_start(text, match.end);
  }
  return entries;
}

namespace {

bool is_bare(string_view value) {
  const auto fits = [](char c) {
    return is_name_character(c) || string_view("/:@%+,=").find(c) != string_view::npos;
  };
  return !value.empty() && std::ranges::all_of(value, fits);
}

// What dotenv trims at the ends, takes for a comment, a quote or the end of the line.
bool fits_unquoted(string_view value) {
  return !value.empty() && trim(value) == value && value.find_first_of("#\n\r") == value.npos &&
         kQuotes.find(value.front()) == value.npos && value.find("\u2028") == value.npos &&
         value.find("\u2029") == value.npos;
}

bool fits_quoted(string_view value, char quote) {
  return value.find(quote) == value.npos && !value.ends_with('\\') &&
         value.find('\r') == value.npos;
}

// Between double quotes a carriage return can be said, and a backslash before n or r cannot.
bool fits_double_quoted(string_view value) {
  return value.find('"') == value.npos && !value.ends_with('\\') &&
         value.find("\\n") == value.npos && value.find("\\r") == value.npos;
}

bool append_value(std::string& out, string_view value) {
  if (is_bare(value)) {
    out += value;
    return true;
  }
  for (const char quote : {'\'', '`'}) {
    if (!fits_quoted(value, quote)) continue;
    (out += quote) += value;
    out += quote;
    return true;
  }
  if (fits_double_quoted(value)) {
    out += '"';
    for (const char c : value) {
      if (c == '\r') {
        out += "\\r";
      } else {
        out += c;
      }
    }
    out += '"';
    return true;
  }
  if (!fits_unquoted(value)) return false;
  out += value;
  return true;
}

}  // namespace

base::Result<base::Secret> write_dotenv(const std::vector<DotenvEntry>& entries) {
  std::string out;
  std::unordered_set<string_view> seen;
  for (const DotenvEntry& entry : entries) {
    if (entry.name.empty() || skip_name(entry.name, 0) != entry.name.size()) {
      return base::fail(base::Code::kInvalid, "a name that a .env file cannot hold",
                        "letters, digits, underscores, dots and dashes");
    }
    if (!seen.insert(entry.name).second) {
      return base::fail(base::Code::kInvalid, "variable " + entry.name + " is there twice");
    }
    out += entry.name + '=';
    if (!append_value(out, entry.value.expose())) {
      return base::fail(base::Code::kInvalid,
                        "the value of " + entry.name + " cannot be written in a .env file",
                        "dotenv has no escape for its mix of quotes, line ends and backslashes; "
                        "use json or yaml");
    }
    out += '\n';
  }
  return base::Secret(std::move(out));
}

}  // namespace sutler::model
