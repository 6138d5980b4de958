#include "model/cursor.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include "base/json.h"

namespace sutler::model {
namespace {

using base::Code;

constexpr std::size_t kPrintedBytesMax = 64;
constexpr std::size_t kNearDistanceMax = 2;

// What a person would call it.
std::string_view word_of(Tree::Kind kind) {
  switch (kind) {
    case Tree::Kind::kNull: return "null";
    case Tree::Kind::kBool: return "true or false";
    case Tree::Kind::kNumber: return "a number";
    case Tree::Kind::kText: return "a text";
    case Tree::Kind::kPlain: return "a text";
    case Tree::Kind::kList: return "a list";
    case Tree::Kind::kMap: return "an object";
  }
  return "something else";
}

// How many letters have to be added, taken away or changed.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({change, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string printable(std::string_view name) {
  std::string out;
  const bool is_long = name.size() > kPrintedBytesMax;
  base::append_json_string(out, name.substr(0, kPrintedBytesMax));
  out = out.substr(1, out.size() - 2);
  return is_long ? out + "..." : out;
}

Cursor Cursor::child(std::size_t index) const {
  const std::string_view name =
      tree_->kind == Tree::Kind::kMap ? tree_->names[index] : std::string_view();
  return {tree_->items[index], *this, name, index};
}

std::string Cursor::place(const Cursor* end) const {
  std::vector<const Cursor*> way;
  const Cursor* at = end;
  for (; at->parent_ != nullptr; at = at->parent_) way.push_back(at);
  std::string path;
  for (auto step = way.rbegin(); step != way.rend(); ++step) {
    if ((*step)->parent_->kind() == Tree::Kind::kList) {
      path += "[" + std::to_string((*step)->index_) + "]";
    } else {
      path += (path.empty() ? "" : ".") + printable((*step)->name_);
    }
  }
  std::string out(at->name_);
  if (tree_->line > 0) out += (out.empty() ? "line " : ":") + std::to_string(tree_->line);
  if (!out.empty() && !path.empty()) out += ": ";
  return out + path;
}

base::Unexpected Cursor::fail(const std::string& what, std::string hint) const {
  const std::string at = place(this);
  return base::fail(Code::kInvalid, at.empty() ? what : at + ": " + what, std::move(hint));
}

base::Unexpected Cursor::fail_in_parent(const std::string& what, std::string hint) const {
  const std::string at = place(parent_);
  return base::fail(Code::kInvalid, at.empty() ? what : at + ": " + what, std::move(hint));
}

base::Unexpected Cursor::fail_kind(std::string_view wanted) const {
  return fail("must be " + std::string(wanted) + ", and is " + std::string(word_of(kind())),
              kind() == Tree::Kind::kNull ? "leave the member out, or give it a value" : "");
}

base::Result<std::string_view> Cursor::text() const {
  if (kind() == Tree::Kind::kText || kind() == Tree::Kind::kPlain) return tree_->text;
  return fail_kind("a text");
}

base::Result<std::int64_t> Cursor::whole_number() const {
  if (kind() == Tree::Kind::kNumber && tree_->whole) return *tree_->whole;
  if (kind() == Tree::Kind::kPlain) {
    const std::string_view digits = tree_->text;
    std::int64_t number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    const bool has_zeros = digits.size() > 1 && digits[0] == '0';
    if (error == std::errc() && stop == end && !has_zeros) return number;
  }
  if (kind() == Tree::Kind::kNumber || kind() == Tree::Kind::kPlain) {
    return fail("must be a whole number");
  }
  return fail_kind("a whole number");
}

base::Result<void> Cursor::require_true() const {
  const bool is_true = (kind() == Tree::Kind::kBool && tree_->flag) ||
                       (kind() == Tree::Kind::kPlain && tree_->text == "true");
  if (!is_true) return fail("may only be true", "leave the member out to say no");
  return {};
}

base::Result<void> Cursor::require_map() const {
  if (kind() != Tree::Kind::kMap) return fail_kind("an object");
  return {};
}

base::Result<void> Cursor::require_list() const {
  if (kind() != Tree::Kind::kList) return fail_kind("a list");
  if (size() == 0) {
    return fail("an empty list is not taken", "leave the member out, or put something in it");
  }
  return {};
}

base::Unexpected fail_unknown(const Cursor& member, std::span<const std::string_view> known) {
  const std::string_view name = member.name();
  std::string hint;
  std::size_t nearest = std::min(kNearDistanceMax, name.size() / 2) + 1;
  for (const std::string_view word : known) {
    const auto distance = name.size() <= kPrintedBytesMax ? edit_distance(name, word) : nearest;
    if (distance >= nearest) continue;
    nearest = distance;
    hint = "did you mean " + std::string(word) + "?";
  }
  if (hint.empty()) {
    for (const std::string_view word : known) {
      hint += (hint.empty() ? "known are " : ", ") + std::string(word);
    }
  }
  return member.fail_in_parent("unknown member \"" + printable(name) + "\"", std::move(hint));
}

base::Result<void> read_text(const Cursor& member, std::string& out) {
  auto text = member.text();
  if (!text) return base::pass(text);
  out = *text;
  return {};
}

base::Result<void> read_secret(const Cursor& member, base::Secret& out) {
  auto text = member.text();
  if (!text) return base::pass(text);
  out = base::Secret(*text);
  return {};
}

}  // namespace sutler::model
