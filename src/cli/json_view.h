// Reading the server's answers for the eyes of people: what is missing is empty, never an error, so
// that an older command can show what a newer server says.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sutler::cli {

// The member of an object; null where there is no such member or the value is no object.
[[nodiscard]] const boost::json::value& member(const boost::json::value& tree,
                                               std::string_view name);
// A string as it is, a number or a truth value as it is written; else empty.
[[nodiscard]] std::string shown(const boost::json::value& tree);
[[nodiscard]] std::string shown(const boost::json::value& tree, std::string_view name);
// The items of the member that is an array.
[[nodiscard]] std::vector<const boost::json::value*> items(const boost::json::value& tree,
                                                           std::string_view name);
[[nodiscard]] std::vector<std::string> texts(const boost::json::value& tree, std::string_view name);
[[nodiscard]] bool is_true(const boost::json::value& tree, std::string_view name);

// Whom restrictions let in: "everyone", "projects shop; objects api (service), worker-*".
[[nodiscard]] std::string restrictions_text(const boost::json::value& restrictions);

// `damaged` and `damaged_rows` in words; empty where there are none.
[[nodiscard]] std::string damaged_text(const boost::json::value& tree);

}  // namespace sutler::cli
