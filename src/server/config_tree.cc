#include "server/config_tree.h"

#include <algorithm>
#include <charconv>

#include "base/duration.h"
#include "base/file.h"
#include "base/utf8.h"

namespace sutler::server {

using model::Tree;

namespace {

bool is_scalar(const Tree& tree) {
  return tree.kind == Tree::Kind::kText || tree.kind == Tree::Kind::kPlain;
}

std::string list_of(std::vector<std::string> names) {
  std::ranges::sort(names);
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

void SectionErrors::add(int line, const std::string& what, std::string hint) {
  if (first_) return;
  first_ = base::Error{base::Code::kInvalid,
                       file_.string() + ":" + std::to_string(line) + ": " + what, std::move(hint)};
}

bool SectionErrors::may_hold_secrets(int line, const std::string& what) {
  const auto safe = base::require_private(file_);
  if (safe) return true;
  add(line, what + " stands in the file itself, which others than its owner may read",
      "chmod 600 " + file_.string() + ", or name a file, an environment variable or a command");
  return false;
}

MapReader::MapReader(const Tree& tree, std::string name, SectionErrors& errors)
    : tree_(&tree), name_(std::move(name)), errors_(&errors) {
  if (tree.kind != Tree::Kind::kMap) errors_->add(tree.line, name_ + " takes members, `name: …`");
}

const Tree* MapReader::find(std::string_view member) {
  known_.emplace_back(member);
  if (tree_->kind != Tree::Kind::kMap) return nullptr;
  const auto at = std::ranges::find(tree_->names, member);
  if (at == tree_->names.end()) return nullptr;
  return &tree_->items[static_cast<std::size_t>(at - tree_->names.begin())];
}

const Tree* MapReader::scalar(std::string_view member) {
  const Tree* tree = find(member);
  if (tree == nullptr || is_scalar(*tree)) return tree;
  wrong(member, "one value");
  return nullptr;
}

int MapReader::line_of(std::string_view member) {
  const Tree* tree = find(member);
  return tree != nullptr && tree->line > 0 ? tree->line : tree_->line;
}

bool MapReader::has(std::string_view member) { return find(member) != nullptr; }

std::string MapReader::text(std::string_view member) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return {};
  if (tree->text.empty()) wrong(member, "a value that is not empty");
  return std::string(tree->text);
}

std::string MapReader::required_text(std::string_view member) {
  if (!has(member)) refuse("member " + std::string(member) + " is missing");
  return text(member);
}

std::vector<std::string> MapReader::texts(std::string_view member) {
  std::vector<std::string> out;
  const Tree* tree = find(member);
  if (tree == nullptr) return out;
  const bool fits = tree->kind == Tree::Kind::kList && !tree->items.empty() &&
                    std::ranges::all_of(tree->items, is_scalar);
  if (!fits) {
    wrong(member, "a list of values, `[a, b]`, that is not empty");
    return out;
  }
  for (const Tree& item : tree->items) out.emplace_back(item.text);
  if (std::ranges::any_of(out, &std::string::empty)) wrong(member, "values that are not empty");
  return out;
}

std::vector<std::string> MapReader::required_texts(std::string_view member) {
  if (!has(member)) {
    refuse("member " + std::string(member) + " is missing",
           "a missing list never means all: write `" + std::string(member) + ": [\"*\"]` for that");
  }
  return texts(member);
}

std::vector<std::pair<std::string, std::string>> MapReader::pairs(std::string_view member) {
  std::vector<std::pair<std::string, std::string>> out;
  const Tree* tree = find(member);
  if (tree == nullptr) return out;
  if (tree->kind != Tree::Kind::kMap || !std::ranges::all_of(tree->items, is_scalar)) {
    wrong(member, "values by name, `{NAME: value}`");
    return out;
  }
  for (std::size_t i = 0; i < tree->items.size(); ++i) {
    out.emplace_back(tree->names[i], tree->items[i].text);
  }
  return out;
}

std::optional<base::Secret> MapReader::secret(std::string_view member) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return std::nullopt;
  if (tree->text.empty()) wrong(member, "a value that is not empty");
  if (!errors_->may_hold_secrets(line_of(member), name_ + ": " + std::string(member))) {
    return std::nullopt;
  }
  return base::Secret(tree->text);
}

std::optional<std::int64_t> MapReader::whole(std::string_view member, std::int64_t min,
                                             std::int64_t max) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return std::nullopt;
  std::int64_t number = 0;
  const char* const end = tree->text.data() + tree->text.size();
  const auto [stop, error] = std::from_chars(tree->text.data(), end, number);
  if (error == std::errc() && stop == end && number >= min && number <= max) return number;
  wrong(member, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

std::optional<bool> MapReader::flag(std::string_view member) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return std::nullopt;
  if (tree->text == "true") return true;
  if (tree->text == "false") return false;
  wrong(member, "true or false");
  return std::nullopt;
}

void MapReader::time(std::string_view member, std::chrono::milliseconds& out,
                     std::chrono::milliseconds min) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return;
  const auto parsed = base::parse_duration(tree->text);
  if (!parsed || *parsed < min) {
    return wrong(member, "a time such as 250ms, 30s or 24h, of at least " +
                             std::to_string(min.count()) + "ms");
  }
  out = *parsed;
}

void MapReader::time(std::string_view member, std::chrono::seconds& out, std::chrono::seconds min) {
  const Tree* tree = scalar(member);
  if (tree == nullptr) return;
  const auto parsed = base::parse_duration(tree->text);
  if (!parsed || *parsed < min || parsed->count() % 1000 != 0) {
    return wrong(member, "a time in whole seconds, such as 30s, 5m or 24h, of at least " +
                             std::to_string(min.count()) + "s");
  }
  out = std::chrono::duration_cast<std::chrono::seconds>(*parsed);
}

std::optional<MapReader> MapReader::map(std::string_view member) {
  const Tree* tree = find(member);
  if (tree == nullptr) return std::nullopt;
  return MapReader(*tree, name_ + ": " + std::string(member), *errors_);
}

std::vector<MapReader> MapReader::maps(std::string_view member) {
  std::vector<MapReader> out;
  const Tree* tree = find(member);
  if (tree == nullptr) return out;
  if (tree->kind != Tree::Kind::kList || tree->items.empty()) {
    wrong(member, "a list of maps, `- name: …`, that is not empty");
    return out;
  }
  for (const Tree& item : tree->items) {
    out.emplace_back(item, name_ + ": " + std::string(member), *errors_);
  }
  return out;
}

std::vector<std::string> MapReader::names() const {
  return {tree_->names.begin(), tree_->names.end()};
}

void MapReader::wrong(std::string_view member, std::string_view takes) {
  errors_->add(line_of(member),
               name_ + ": " + std::string(member) + " takes " + std::string(takes));
}

void MapReader::refuse(std::string what, std::string hint) {
  errors_->add(tree_->line, name_ + ": " + what, std::move(hint));
}

void MapReader::finish() {
  if (tree_->kind != Tree::Kind::kMap) return;
  for (std::size_t i = 0; i < tree_->items.size(); ++i) {
    if (std::ranges::find(known_, tree_->names[i]) != known_.end()) continue;
    std::ranges::sort(known_);
    const auto [from, to] = std::ranges::unique(known_);
    known_.erase(from, to);
    const int line = tree_->items[i].line > 0 ? tree_->items[i].line : tree_->line;
    return errors_->add(line, name_ + ": unknown member " + base::quote_name(tree_->names[i]),
                        "known here: " + list_of(known_));
  }
}

}  // namespace sutler::server
