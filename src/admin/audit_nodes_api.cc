#include "admin/audit_nodes_api.h"

#include <cmath>
#include <utility>

#include "admin/json_io.h"
#include "admin/later.h"
#include "admin/past.h"
#include "audit/line.h"

namespace sutler::admin {
namespace {

constexpr std::size_t kAnswerBytes = 1024 * 1024;  // a chunk more at most

base::Result<http::Response> answered_later(const Call& call, Later later) {
  *call.later = std::move(later);
  return http::Response{};
}

// `{"records":[…]}`, each as it stands in its row.
http::Response lines_response(std::string_view lines) {
  JsonArray records;
  while (!lines.empty()) {
    const std::string_view line = lines.substr(0, lines.find('\n'));
    records.raw(line);
    lines.remove_prefix(line.size() + 1);
  }
  JsonObject answer;
  answer.raw("records", records.done());
  return json_response(200, answer.done());
}

base::Result<std::string> lines_after(audit::ChunkTable& table, const std::string& node,
                                      std::uint64_t after) {
  std::string lines;
  // Within a chunk only where a caller asks for the middle of one: its own answers end with one.
  auto found = table.at_or_before(node, after + 1);
  if (found && !found->damaged && (!found->chunk || found->chunk->last_seq <= after)) {
    found = table.at_or_after(node, after + 1);
  }
  while (found && found->chunk) {
    std::string_view rest = found->chunk->lines;
    while (!rest.empty() && audit::seq_of_line(rest.substr(0, rest.find('\n'))) <= after) {
      rest.remove_prefix(rest.find('\n') + 1);
    }
    lines += rest;
    after = found->chunk->last_seq;
    if (lines.size() >= kAnswerBytes) return lines;
    found = table.at_or_after(node, after + 1);
  }
  if (!found) return base::pass(found);
  // What comes before it is given first.
  if (!found->damaged || !lines.empty()) return lines;
  return base::fail(base::Code::kCorrupt,
                    "the row of the audit log of the node " + node + " that starts with seq " +
                        std::to_string(found->damaged->first_seq) + " is not as it was written",
                    "somebody changed it in the database; the node's own files may have the lines",
                    "audit_row_damaged");
}

}  // namespace

audit::MergedLog* merged_log(const Context& context) { return context.about.background.merged; }

std::string audit_nodes_json(std::span<const audit::NodeState> nodes) {
  JsonArray list;
  for (const auto& node : nodes) {
    JsonObject one;
    one.text("node", node.node).text("name", node.name).text("state", to_word(node.state));
    one.number("copied_seq", node.copied_seq).number("behind_lines", node.behind_lines);
    one.number("behind_seconds", static_cast<std::uint64_t>(std::llround(node.behind_seconds)));
    if (node.seen != base::UnixTime{}) one.text("seen", base::rfc3339(node.seen));
    list.raw(one.done());
  }
  return list.done();
}

base::Result<http::Response> list_audit_nodes(const Context& context, const Call& call, Action&) {
  audit::MergedLog* const log = merged_log(context);
  if (log == nullptr) return json_response(200, R"({"nodes":[]})");
  return answered_later(call, [log](Patience) -> std::optional<http::Response> {
    const auto nodes = log->nodes();
    if (!nodes) return error_response(nodes.error());
    JsonObject answer;
    answer.raw("nodes", audit_nodes_json(*nodes));
    return json_response(200, answer.done());
  });
}

base::Result<http::Response> list_audit_lines(const Context& context, const Call& call, Action&) {
  if (!sees_everything(call.who)) {
    return base::fail(base::Code::kRefused, "the lines of a whole log are for who has no scopes",
                      "`sutler audit query` shows what your scopes let you see", "out_of_scope");
  }
  const std::string node = call.query.text("node");
  if (!audit::is_node_id(node)) {
    return base::fail(base::Code::kInvalid, "node is the id of a node: 32 hex digits",
                      "`sutler audit nodes` lists them");
  }
  auto after = call.query.number("after");
  if (!after) return base::pass(after);
  audit::MergedLog* const log = merged_log(context);
  if (log == nullptr) {
    return base::fail(base::Code::kNotFound, "this store has one node, and keeps no log of it",
                      "the log is in its files: `sutler audit verify`");
  }
  return answered_later(
      call, [log, node, seq = after->value_or(0)](Patience) -> std::optional<http::Response> {
        const auto lines = lines_after(log->table(), node, seq);
        return lines ? lines_response(*lines) : error_response(lines.error());
      });
}

}  // namespace sutler::admin
