// A page of audit records as a command has it, from a server or from a folder.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "audit/query.h"
#include "cli/admin_client.h"

namespace sutler::cli {

struct AuditPage {
  std::vector<std::string> lines;  // byte for byte as they stand in the log
  std::string next;                // the cursor of the next page; empty: this is the last one
  std::string last;                // where to ask again for what is written later
  std::string rest;                // of the answer, after its records: `,"last_seq":7`
  // Where a store has several nodes: their names by id, and a sentence for each that is behind.
  std::map<std::string, std::string> names;
  std::vector<std::string> behind;
};

[[nodiscard]] AuditPage read_audit_page(const AdminClient::Answer& answer);
[[nodiscard]] AuditPage audit_page_of(const audit::Page& page);

// A sentence about a node of `nodes` of an answer whose records may not all be there; else empty.
[[nodiscard]] std::string behind_text(const boost::json::value& node);

// `{"records":[…]` and what follows them.
[[nodiscard]] std::string audit_page_json(const std::vector<std::string>& lines,
                                          const AuditPage& last);

}  // namespace sutler::cli
