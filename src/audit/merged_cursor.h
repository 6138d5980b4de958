// A place in the logs of several nodes: how far each has been read. It stays good while they grow.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sutler::audit {

enum class Order;

struct MergedCursor {
  // By the first kPrefixDigits of a node's id: oldest first, the records after that seq come next;
  // newest first, those before it.
  std::map<std::string, std::uint64_t> seqs;
  // Of a node that is not among them the records are wanted that are at or after this time (newest
  // first: at or before), as the log writes it; empty: all of them.
  std::string time;

  static constexpr std::size_t kPrefixDigits = 12;
  [[nodiscard]] static std::string prefix_of(std::string_view node) {
    return std::string(node.substr(0, kPrefixDigits));
  }

  // As text for a URL: letters, digits, `-` and `_`. kInvalid for what is no cursor of that order.
  [[nodiscard]] std::string encode(Order order) const;
  [[nodiscard]] static base::Result<MergedCursor> parse(std::string_view text, Order order);
};

}  // namespace sutler::audit
