// The part of a target after `?`, strictly: each parameter once, and only those that are known.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sutler::admin {

class Query {
 public:
  Query() = default;
  // `known` are the names that the endpoint takes. kInvalid names an unknown, repeated,
  // empty or malformed parameter; empty names in `known` stand for nothing.
  [[nodiscard]] static base::Result<Query> parse(std::string_view text,
                                                 std::span<const std::string_view> known);

  [[nodiscard]] bool has(std::string_view name) const { return find(name) != nullptr; }
  // Empty when it is not there.
  [[nodiscard]] std::string text(std::string_view name) const;
  // `true` or `false`, false when it is not there; kInvalid for anything else.
  [[nodiscard]] base::Result<bool> flag(std::string_view name) const;
  // Decimal digits, or nothing when it is not there; kInvalid for anything else.
  [[nodiscard]] base::Result<std::optional<std::uint64_t>> number(std::string_view name) const;

 private:
  [[nodiscard]] const std::string* find(std::string_view name) const;
  std::vector<std::pair<std::string, std::string>> values_;
};

}  // namespace sutler::admin
