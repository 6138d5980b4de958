// JSON of people and programs that are not trusted with our time: beside what parse_json() refuses,
// more members and values than anything of ours has. A tree costs many times the bytes of its text,
// so this is found while it is read and not in the tree.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace sutler::base {

inline constexpr std::size_t kTreeMembersMax = 20'000;  // of one object: twice a group's entries
inline constexpr std::size_t kTreeValuesMax = 500'000;  // of all, those inside of others too

// As parse_json(), and kTooLarge over those limits.
[[nodiscard]] Result<boost::json::value> parse_bounded_json(std::string_view text);

}  // namespace sutler::base
