// What the server says about the impact of a write, for people.
#pragma once

#include <boost/json/value.hpp>
#include <string>

namespace sutler::cli {

// The member `impact` (of a team: `effect`) of an answer as lines: each workload that is hit with
// its keys, those who lose first; about 20 of them, then "and N more". Empty when nobody is.
[[nodiscard]] std::string impact_text(const boost::json::value& answer);
// One sentence: "2 workloads lose keys, 1 fails".
[[nodiscard]] std::string impact_summary(const boost::json::value& answer);
// Prints impact_text() on stderr.
void print_impact(const boost::json::value& answer);

}  // namespace sutler::cli
