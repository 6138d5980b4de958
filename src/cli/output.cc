#include "cli/output.h"

#include <unistd.h>

#include <algorithm>

#include "base/file.h"
#include "base/utf8.h"

namespace sutler::cli {
namespace {

constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2, kNotFound = 3, kRefused = 4,
              kUnreachable = 5, kConflict = 6;

void say(std::string_view prefix, std::string_view text) {
  std::string line(prefix);
  line += printable(text);
  line += '\n';
  // Nowhere is left to tell that stderr cannot be written.
  (void)base::write_all(STDERR_FILENO, line);
}

void append_byte(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (byte) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 15];
}

// Bytes of the well-formed character at `at`, or 0.
std::size_t character_bytes(std::string_view text, std::size_t at) {
  for (std::size_t bytes = 1; bytes <= 4 && at + bytes <= text.size(); ++bytes) {
    if (base::is_utf8(text.substr(at, bytes))) return bytes;
  }
  return 0;
}

// C1 controls and the marks that turn the writing direction can fool a terminal or a reader.
bool is_hidden(std::string_view character) {
  if (character.size() == 2) return character >= "\u0080" && character <= "\u009f";
  return (character >= "\u200e" && character <= "\u200f") ||
         (character >= "\u2028" && character <= "\u202e") ||
         (character >= "\u2066" && character <= "\u2069");
}

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// A name like `store_empty` can be looked up and searched for; that of the kind of error says
// nothing new.
bool tells_more(const base::Error& error) {
  return !error.name.empty() && error.name != kUsage && error.name != base::code_name(error.code) &&
         error.message.find(error.name) == std::string::npos;
}

}  // namespace

base::Unexpected usage_error(std::string message, std::string hint) {
  return base::fail(base::Code::kInvalid, std::move(message), std::move(hint), std::string(kUsage));
}

int exit_status(const base::Error& error) {
  if (error.name == kUsage) return kWrongUsage;
  switch (error.code) {
    case base::Code::kNotFound: return kNotFound;
    case base::Code::kRefused: return kRefused;
    case base::Code::kUnreachable: return kUnreachable;
    case base::Code::kConflict: return kConflict;
    case base::Code::kInvalid:
    case base::Code::kTooLarge:
    case base::Code::kUnavailable:
    case base::Code::kNoSpace:
    case base::Code::kCorrupt:
    case base::Code::kInternal: return kFailed;
  }
  return kFailed;
}

base::Result<void> print_line(std::string_view text) {
  auto done = base::write_all(STDOUT_FILENO, text);
  if (done && !text.ends_with('\n')) done = base::write_all(STDOUT_FILENO, "\n");
  if (!done) return base::pass(done, "standard output");
  return {};
}

void print_error(const base::Error& error) {
  std::string message = error.message;
  if (tells_more(error)) {
    message += " (" + error.name + ")";
  }
  say("error: ", message);
  if (!error.hint.empty()) say("hint: ", error.hint);
}

void print_warning(std::string_view text) { say("warning: ", text); }

void print_note(std::string_view text) { say("note: ", text); }

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t bytes = character_bytes(text, at);
    const auto character = text.substr(at, bytes);
    if (bytes == 0 || byte < 0x20 || byte == 0x7f) {
      append_byte(out, byte);
      ++at;
      continue;
    }
    if (bytes > 1 && is_hidden(character)) {
      for (const char c : character) append_byte(out, static_cast<unsigned char>(c));
    } else {
      out += character;
    }
    at += bytes;
  }
  return out;
}

std::string counted(std::size_t count, std::string_view thing) {
  return std::to_string(count) + " " + std::string(thing) + (count == 1 ? "" : "s");
}

std::string joined(const std::vector<std::string>& parts, std::string_view between) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += between;
    out += part;
  }
  return out;
}

Table::Table(std::vector<std::string> headings) { rows_.push_back(std::move(headings)); }

void Table::add(std::vector<std::string> cells) {
  for (std::string& cell : cells) cell = printable(cell);
  cells.resize(rows_.front().size());
  rows_.push_back(std::move(cells));
}

std::string Table::text() const {
  std::vector<std::size_t> widths(rows_.front().size());
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows_) {
    if (!out.empty()) out += '\n';
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += row[i];
      line.append(widths[i] - width(row[i]) + 2, ' ');
    }
    out.append(line, 0, line.find_last_not_of(' ') + 1);
  }
  return out;
}

}  // namespace sutler::cli
