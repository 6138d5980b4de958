// What a write to groups did, for people.
#pragma once

#include <boost/json/value.hpp>
#include <string>

#include "cli/admin_client.h"
#include "cli/command.h"

namespace sutler::cli {

// "updated    payments\nrevision   58"; of a dry run that nothing was changed.
[[nodiscard]] std::string changes_text(const boost::json::value& answer);
// Its warnings to stderr, then changes_text(), or the JSON as it came.
[[nodiscard]] base::Result<int> print_changes(const Context& context,
                                              const AdminClient::Answer& answer);

}  // namespace sutler::cli
