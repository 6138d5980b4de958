// `sutler audit query`, `follow` and `export`: reading the audit log, of a running server or of a
// folder.
#include <algorithm>
#include <iterator>
#include <memory>

#include "audit/query.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "cli/admin_client.h"
#include "cli/audit_page.h"
#include "cli/commands.h"
#include "cli/duration.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "cli/whole_number.h"

namespace sutler::cli {
namespace {

constexpr std::uint64_t kPageRecords = 10'000;

struct QueryOptions {
  std::string since, until, team, project, object, type, group, key, who, event, outcome, key_id;
  std::string remote, request_id, text;
  std::string node, limit = "100", cursor, dir;
  bool oldest = false, checkpoints = false;
  std::string count;  // of `follow`
};

// The words of the query as the API has them.
std::vector<std::pair<const char*, const std::string*>> words_of(const QueryOptions& options) {
  return {{"team", &options.team},       {"project", &options.project},
          {"object", &options.object},   {"type", &options.type},
          {"group", &options.group},     {"key", &options.key},
          {"operator", &options.who},    {"event", &options.event},
          {"outcome", &options.outcome}, {"key_id", &options.key_id},
          {"remote", &options.remote},   {"request_id", &options.request_id},
          {"text", &options.text},       {"node", &options.node}};
}

// A time as RFC 3339 has it, or how long ago: "24h".
base::Result<std::optional<base::UnixTime>> read_time(const std::string& text, const char* flag) {
  if (text.empty()) return std::optional<base::UnixTime>();
  if (const auto time = base::parse_rfc3339(text)) return time;
  const auto ago = parse_duration(text, flag);
  if (!ago) {
    return usage_error(std::string(flag) +
                       " takes a time such as 2026-11-24T15:05:28Z, or how "
                       "long ago: 90m, 24h, 7d");
  }
  return std::optional(base::SystemClock().now() + (-*ago));
}

base::Result<audit::Ask> read_ask(const QueryOptions& options) {
  audit::Ask ask;
  auto since = read_time(options.since, "--since");
  if (!since) return base::pass(since);
  auto until = read_time(options.until, "--until");
  if (!until) return base::pass(until);
  ask.filter = {.since = *since,
                .until = *until,
                .team = options.team,
                .project = options.project,
                .object = options.object,
                .type = options.type,
                .group = options.group,
                .key = options.key,
                .operator_name = options.who,
                .event = options.event,
                .outcome = options.outcome,
                .key_id = options.key_id,
                .remote = options.remote,
                .request_id = options.request_id,
                .text = options.text};
  if (options.checkpoints) ask.filter.checkpoints = audit::Filter::Checkpoints::kInclude;
  if (auto good = audit::check_filter(ask.filter); !good) return usage_error(good.error().message);
  if (options.oldest) ask.order = audit::Order::kOldestFirst;
  auto limit = read_whole_number(options.limit, "--limit", {});
  if (!limit) return base::pass(limit);
  if (*limit < 1 || *limit > kPageRecords) return usage_error("--limit is from 1 to 10000");
  ask.limit = *limit;
  if (!options.node.empty() && !options.dir.empty()) {
    return usage_error("--dir is the log of one node: --node does not go with it");
  }
  return ask;
}

std::string query_text(const QueryOptions& options, const audit::Ask& ask) {
  std::string out = "?limit=" + std::to_string(ask.limit);
  const auto add = [&out](const char* name, const std::string& value) {
    if (value.empty()) return;
    out += std::string("&") + name + "=";
    base::append_percent_encoded(out, value);
  };
  if (ask.filter.since) add("since", base::rfc3339(*ask.filter.since));
  if (ask.filter.until) add("until", base::rfc3339(*ask.filter.until));
  for (const auto& [name, value] : words_of(options)) add(name, *value);
  if (options.checkpoints) add("checkpoints", "true");
  return out;
}

// `cursor`: where to go on, as an answer gave it; empty: at the end that the order starts with.
base::Result<AuditPage> ask_for_page(const Context& context, const QueryOptions& options,
                                     audit::Ask ask, const std::string& cursor) {
  if (!options.dir.empty()) {
    if (!cursor.empty()) {
      auto seq = read_whole_number(cursor, "--cursor", {});
      if (!seq) return base::pass(seq);
      ask.cursor = *seq;
    }
    auto page = audit::query(options.dir, ask);
    if (!page) return base::pass(page);
    return audit_page_of(*page);
  }
  std::string path = api_path({"audit"}) + query_text(options, ask);
  if (ask.order == audit::Order::kOldestFirst) path += "&order=oldest";
  if (!cursor.empty()) {
    path += "&cursor=";
    base::append_percent_encoded(path, cursor);
  }
  auto answer = ask_server(context, "GET", path);
  if (!answer) return base::pass(answer);
  return read_audit_page(*answer);
}

void note_behind(const AuditPage& page) {
  for (const std::string& behind : page.behind) print_note(behind);
}

std::string who_of(const boost::json::value& record) {
  const auto& workload = member(record, "workload");
  if (!workload.is_object()) return shown(record, "operator");
  return shown(workload, "projectId") + "/" + shown(workload, "nfObjectId");
}

std::string what_of(const boost::json::value& record) {
  std::vector<std::string> parts;
  for (const auto* group : items(record, "groups")) {
    const std::string version = shown(*group, "version");
    parts.push_back(shown(*group, "name") + (version.empty() ? "" : "@" + version));
  }
  const auto keys = texts(record, "keys");
  constexpr std::size_t kShownMax = 4;
  const std::size_t total = parts.size();
  if (total > kShownMax) {
    parts.resize(kShownMax);
    parts.push_back("+" + std::to_string(total - kShownMax));
  }
  if (!keys.empty()) parts.push_back("(" + counted(keys.size(), "key") + ")");
  return joined(parts, " ");
}

// With the node in front where the store has several.
std::vector<std::string> row_of(std::string_view line, const AuditPage& page) {
  std::vector<std::string> row;
  const auto tree = base::parse_json(line);
  if (!page.names.empty()) {
    const std::string id = tree ? shown(*tree, "node") : std::string();
    const auto name = page.names.find(id);
    row.push_back(name == page.names.end() || name->second.empty() ? id : name->second);
  }
  std::vector<std::string> cells = {"", "", "unreadable", "", "", "", "", ""};
  if (tree) {
    const std::string count = shown(*tree, "count");
    const std::string event = shown(*tree, "event") + (count.empty() ? "" : " x" + count);
    cells = {shown(*tree, "seq"),  shown(*tree, "time"), event,          shown(*tree, "outcome"),
             shown(*tree, "team"), who_of(*tree),        what_of(*tree), shown(*tree, "reason")};
  }
  row.insert(row.end(), cells.begin(), cells.end());
  return row;
}

std::vector<std::string> headings(const AuditPage& page) {
  std::vector<std::string> all = {"SEQ",  "TIME", "EVENT", "OUTCOME",
                                  "TEAM", "WHO",  "WHAT",  "REASON"};
  if (!page.names.empty()) all.insert(all.begin(), "NODE");
  return all;
}

base::Result<int> query(const Context& context, const QueryOptions& options) {
  auto ask = read_ask(options);
  if (!ask) return base::pass(ask);
  const std::size_t limit = ask->limit;
  std::vector<std::string> lines;
  AuditPage page;
  page.next = options.cursor;
  // A server that has read much without a match answers with what it has.
  do {
    ask->limit = limit - lines.size();
    auto more = ask_for_page(context, options, *ask, page.next);
    if (!more) return base::pass(more);
    page = std::move(*more);
    std::ranges::move(page.lines, std::back_inserter(lines));
  } while (!page.next.empty() && lines.size() < limit);
  std::string text;
  if (context.json) {
    text = audit_page_json(lines, page);
  } else {
    Table table(headings(page));
    for (const std::string& line : lines) table.add(row_of(line, page));
    text = table.empty() ? "no record matches" : table.text();
  }
  auto printed = print_line(text);
  if (!printed) return base::pass(printed);
  if (context.json) return 0;
  if (!page.next.empty()) print_note("there are more: --cursor " + page.next);
  note_behind(page);
  return 0;
}

base::Result<int> export_lines(const Context& context, const QueryOptions& options) {
  auto ask = read_ask(options);
  if (!ask) return base::pass(ask);
  ask->order = audit::Order::kOldestFirst;
  ask->limit = kPageRecords;
  for (std::string cursor = options.cursor;;) {
    auto page = ask_for_page(context, options, *ask, cursor);
    if (!page) return base::pass(page);
    for (const std::string& line : page->lines) {
      if (auto printed = print_line(line); !printed) return base::pass(printed);
    }
    if (page->next.empty()) {
      note_behind(*page);
      return 0;
    }
    cursor = page->next;
  }
}

base::Result<int> follow(const Context& context, const QueryOptions& options) {
  auto ask = read_ask(options);
  if (!ask) return base::pass(ask);
  std::uint64_t left = UINT64_MAX;
  if (!options.count.empty()) {
    auto count = read_whole_number(options.count, "--count", {});
    if (!count) return base::pass(count);
    left = *count;
  }
  std::string after = options.cursor;
  while (left > 0) {
    std::string path = api_path({"audit", "follow"}) + query_text(options, *ask) + "&wait=30";
    if (!after.empty()) {
      path += "&after=";
      base::append_percent_encoded(path, after);
    }
    auto answer = ask_server(context, "GET", path);
    if (!answer) return base::pass(answer);
    const AuditPage page = read_audit_page(*answer);
    for (const std::string& line : page.lines) {
      const std::string text = context.json ? line : printable(joined(row_of(line, page), "  "));
      if (auto printed = print_line(text); !printed) return base::pass(printed);
      if (--left == 0) return 0;
    }
    after = page.last;
  }
  return 0;
}

void add_filters(CLI::App& command, QueryOptions& options) {
  add_text(command, options.since, {"--since", "TIME", "from this time on, or from so long ago"});
  add_text(command, options.until, {"--until", "TIME", "before this time"});
  add_text(command, options.team, {"--team", "ID", "of this team"});
  add_text(command, options.project, {"--project", "ID", "of workloads of this project"});
  add_text(command, options.object, {"--object", "ID", "of this service, job or addon"});
  add_text(command, options.type, {"--type", "TYPE", "of workloads of this type"});
  add_text(command, options.group, {"--group", "NAME", "about this secret group"});
  add_text(command, options.key, {"--key", "NAME", "that hold this variable or file"});
  add_text(command, options.who, {"--operator", "NAME", "by this operator"});
  add_text(command, options.event, {"--event", "NAME", "of this kind: fetch, group.*"});
  add_text(command, options.outcome, {"--outcome", "WORD", "ok, denied, failed or intent"});
  add_text(command, options.key_id, {"--key-id", "ID", "verified by this signing key"});
  add_text(command, options.remote, {"--remote", "ADDRESS", "from this address"});
  add_text(command, options.request_id, {"--request-id", "ID", "of the answer's X-Request-Id"});
  add_text(command, options.node, {"--node", "NAME", "of this node: its host's name, or its id"});
  add_text(command, options.text, {"--text", "TEXT", "that hold this text, case as written"});
  add_switch(command, options.checkpoints, "--checkpoints", "the log's own signatures as well");
}

}  // namespace

void add_audit_query_commands(CLI::App& audit, Context& context) {
  const auto asked = std::make_shared<QueryOptions>();
  auto& query_command =
      add_command(audit, context,
                  {.name = "query",
                   .purpose = "Shows the records that match, newest first",
                   .example = "sutler audit query --since 24h --project shop --outcome denied\n"
                              "sutler audit query --dir ./audit --key DB_PASSWORD --json"},
                  Talks::kToServer, [&context, asked] { return query(context, *asked); });
  add_filters(query_command, *asked);
  add_switch(query_command, asked->oldest, "--oldest", "oldest first");
  add_text(query_command, asked->limit, {"--limit", "N", "so many at most (100)"});
  add_text(query_command, asked->cursor, {"--cursor", "CURSOR", "go on where the last page ended"});
  add_text(query_command, asked->dir, {"--dir", "DIR", "a log's folder; needs no server"});

  const auto exported = std::make_shared<QueryOptions>();
  auto& export_command = add_command(
      audit, context,
      {.name = "export",
       .purpose = "Prints the records that match, oldest first, as they are in the log",
       .example = "sutler audit export --since 7d > audit.jsonl"},
      Talks::kToServer, [&context, exported] { return export_lines(context, *exported); });
  add_filters(export_command, *exported);
  add_text(export_command, exported->cursor, {"--cursor", "CURSOR", "after this record"});
  add_text(export_command, exported->dir, {"--dir", "DIR", "a log's folder; needs no server"});

  const auto followed = std::make_shared<QueryOptions>();
  auto& follow_command =
      add_command(audit, context,
                  {.name = "follow",
                   .purpose = "Shows records as they are written",
                   .example = "sutler audit follow --outcome denied"},
                  Talks::kToServer, [&context, followed] { return follow(context, *followed); });
  add_filters(follow_command, *followed);
  add_text(follow_command, followed->cursor, {"--after", "CURSOR", "start after this record"});
  add_text(follow_command, followed->count, {"--count", "N", "end after so many records"});
}

}  // namespace sutler::cli
