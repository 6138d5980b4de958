#include "admin/query.h"

#include <algorithm>
#include <charconv>

#include "base/encoding.h"

namespace sutler::admin {
namespace {

base::Unexpected bad(std::string_view name, std::string_view what) {
  return base::fail(base::Code::kInvalid,
                    "query parameter \"" + std::string(name) + "\" " + std::string(what));
}

}  // namespace

base::Result<Query> Query::parse(std::string_view text, std::span<const std::string_view> known) {
  Query query;
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
    const std::size_t equals = pair.find('=');
    const std::string_view name = pair.substr(0, equals);
    if (name.empty() || std::find(known.begin(), known.end(), name) == known.end()) {
      return bad(name, "is not known here");
    }
    if (query.find(name) != nullptr) return bad(name, "is there twice");
    if (equals == std::string_view::npos && name == "verbose") {
      query.values_.emplace_back(name, "true");  // as everybody writes it for `/readyz`
      continue;
    }
    if (equals == std::string_view::npos) return bad(name, "has no value");
    auto value = base::percent_decode(pair.substr(equals + 1));
    if (!value) return bad(name, "has a malformed escape");
    if (value->empty()) return bad(name, "is empty: leave it out to ask for any");
    query.values_.emplace_back(name, std::move(*value));
  }
  return query;
}

const std::string* Query::find(std::string_view name) const {
  for (const auto& [key, value] : values_) {
    if (key == name) return &value;
  }
  return nullptr;
}

std::string Query::text(std::string_view name) const {
  const std::string* value = find(name);
  return value == nullptr ? std::string() : *value;
}

base::Result<bool> Query::flag(std::string_view name) const {
  const std::string* value = find(name);
  if (value == nullptr || *value == "false") return false;
  if (*value == "true") return true;
  return bad(name, "must be true or false");
}

base::Result<std::optional<std::uint64_t>> Query::number(std::string_view name) const {
  const std::string* value = find(name);
  if (value == nullptr) return std::optional<std::uint64_t>();
  std::uint64_t number = 0;
  const char* end = value->data() + value->size();
  const auto [stop, error] = std::from_chars(value->data(), end, number);
  if (error != std::errc() || stop != end) return bad(name, "must be a whole number");
  return std::optional<std::uint64_t>(number);
}

}  // namespace sutler::admin
