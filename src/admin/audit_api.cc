#include "admin/audit_api.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "admin/audit_nodes_api.h"
#include "admin/json_io.h"
#include "admin/later.h"
#include "admin/past.h"
#include "admin/rights.h"
#include "audit/merged.h"
#include "audit/query.h"
#include "base/json.h"

namespace sutler::admin {
namespace {

namespace json = boost::json;

constexpr std::size_t kLimit = 100;
constexpr std::size_t kLimitMax = 10'000;
constexpr std::uint64_t kWaitSecondsMax = 60;

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

// Whether somebody with scopes may see that record. What names no team is about the whole server
// and is for those without scopes; what names a group, a fetch as well, is for those who may know
// of all that it names, and of the versions. Keys without a version (what was to be done, or was
// refused) could be of a time that he may not know of: not for somebody with scopes. What is about
// a workload is not judged by version: one that it got was made for its project.
bool may_see_record(const Principal& who, KnownGroups& known, std::string_view line) {
  const auto tree = base::parse_json(line);
  if (!tree || !tree->is_object()) return false;
  const json::object& record = tree->get_object();
  const std::string_view team = text_of(record, "team");
  if (!team.empty() && !may_see_team(who, team)) return false;
  const json::value* workload = record.if_contains("workload");
  if (workload != nullptr && workload->is_object()) {
    if (!may_see_project(who, team, text_of(workload->get_object(), "projectId"))) return false;
  }
  const json::value* groups = record.if_contains("groups");
  if (groups == nullptr || !groups->is_array()) return workload != nullptr;
  const bool names_keys = record.contains("keys");
  return std::ranges::all_of(groups->get_array(), [&](const json::value& value) {
    if (!value.is_object()) return false;
    const json::object& group = value.get_object();
    const std::string_view own = text_of(group, "team");
    const std::string in(own.empty() ? team : own);
    const std::string name(text_of(group, "name"));
    const json::value* version = group.if_contains("version");
    const bool versioned = version != nullptr && version->is_int64();
    if (workload != nullptr || (!versioned && !names_keys)) return known.knows(in, name);
    if (!versioned) return false;
    const auto number = static_cast<std::uint64_t>(version->get_int64());
    // A change names the keys that it took away, too, which were the version's before.
    return known.knows_version(in, name, number) &&
           (!names_keys || number <= 1 || known.knows_version(in, name, number - 1));
  });
}

std::function<bool(std::string_view)> visible_to(const Context& context, const Principal& who) {
  if (who.scopes.empty()) return {};
  return [who, known = std::make_shared<KnownGroups>(context, who)](std::string_view line) {
    return may_see_record(who, *known, line);
  };
}

base::Result<std::optional<base::UnixTime>> time_of(const Query& query, std::string_view name) {
  const std::string text = query.text(name);
  if (text.empty()) return std::optional<base::UnixTime>();
  const auto time = base::parse_rfc3339(text);
  if (time) return time;
  return base::fail(base::Code::kInvalid, std::string(name) + " is not a time",
                    "write it as 2026-11-24T15:05:28Z");
}

base::Result<audit::Filter> read_filter(const Query& query) {
  audit::Filter filter;
  auto since = time_of(query, "since");
  if (!since) return base::pass(since);
  auto until = time_of(query, "until");
  if (!until) return base::pass(until);
  filter.since = *since;
  filter.until = *until;
  filter.team = query.text("team");
  filter.project = query.text("project");
  filter.object = query.text("object");
  filter.type = query.text("type");
  filter.group = query.text("group");
  filter.key = query.text("key");
  filter.operator_name = query.text("operator");
  filter.event = query.text("event");
  filter.outcome = query.text("outcome");
  filter.key_id = query.text("key_id");
  filter.remote = query.text("remote");
  filter.request_id = query.text("request_id");
  filter.text = query.text("text");
  auto all = query.flag("checkpoints");
  if (!all) return base::pass(all);
  if (*all) filter.checkpoints = audit::Filter::Checkpoints::kInclude;
  if (auto good = audit::check_filter(filter); !good) return base::pass(good);
  return filter;
}

// What is asked for, before it is known where it is read from.
base::Result<audit::MergedAsk> read_ask(const Context& context, const Call& call) {
  audit::MergedAsk ask;
  auto filter = read_filter(call.query);
  if (!filter) return base::pass(filter);
  ask.filter = std::move(*filter);
  const std::string order = call.query.text("order");
  if (order == "oldest") {
    ask.order = audit::Order::kOldestFirst;
  } else if (!order.empty() && order != "newest") {
    return base::fail(base::Code::kInvalid, "order is newest or oldest");
  }
  auto limit = call.query.number("limit");
  if (!limit) return base::pass(limit);
  ask.limit = limit->value_or(kLimit);
  if (ask.limit == 0 || ask.limit > kLimitMax) {
    return base::fail(base::Code::kInvalid,
                      "limit is a number from 1 to " + std::to_string(kLimitMax));
  }
  ask.node = call.query.text("node");
  if (!ask.node.empty() && merged_log(context) == nullptr) {
    return base::fail(base::Code::kInvalid, "this store has one node, and its records name none");
  }
  ask.accept = visible_to(context, call.who);
  return ask;
}

base::Result<audit::Ask> with_seq(const audit::MergedAsk& ask, const Query& query,
                                  std::string_view name) {
  audit::Ask one{.filter = ask.filter, .order = ask.order, .limit = ask.limit};
  one.accept = ask.accept;
  auto cursor = query.number(name);
  if (!cursor) return base::pass(cursor);
  one.cursor = *cursor;
  return one;
}

base::Result<void> add_cursor(audit::MergedAsk& ask, const Query& query, std::string_view name) {
  const std::string text = query.text(name);
  if (text.empty()) return {};
  auto cursor = audit::MergedCursor::parse(text, ask.order);
  if (!cursor) return base::pass(cursor);
  ask.cursor = std::move(*cursor);
  return {};
}

http::Response page_response(const audit::MergedPage& page, audit::Order order) {
  JsonArray records;
  for (const auto& record : page.records) records.raw(record.line);
  JsonObject answer;
  answer.raw("records", records.done());
  if (page.next) answer.text("next", page.next->encode(order));
  answer.text("last", page.last.encode(order));
  answer.raw("complete", kJsonFlag[page.is_complete() ? 1 : 0]);
  answer.raw("nodes", audit_nodes_json(page.nodes));
  if (!page.damaged.empty()) {
    JsonArray damaged;
    for (const auto& row : page.damaged) {
      damaged.raw(JsonObject().text("node", row.node).number("first_seq", row.first_seq).done());
    }
    answer.raw("damaged", damaged.done());
  }
  return json_response(200, answer.done());
}

http::Response page_response(const audit::Page& page) {
  JsonArray records;
  for (const auto& record : page.records) records.raw(record.line);
  JsonObject answer;
  answer.raw("records", records.done());
  if (page.next) answer.number("next", *page.next);
  answer.number("last_seq", page.last_seq);
  return json_response(200, answer.done());
}

http::Response lines_response(const std::vector<audit::Record>& records, std::string_view next,
                              std::string_view more) {
  std::string lines;
  for (const auto& record : records) lines += record.line + "\n";
  http::Response response;
  response.content_type = "application/x-ndjson";
  if (!next.empty()) response.extra_fields = "X-Next-Cursor: " + std::string(next) + "\r\n";
  response.extra_fields += more;
  response.body = base::Secret(std::string_view(lines));
  return response;
}

http::Response lines_response(const audit::MergedPage& page) {
  const std::string next = page.next ? page.next->encode(audit::Order::kOldestFirst) : "";
  return lines_response(page.records, next,
                        page.is_complete() ? "" : "X-Audit-Complete: false\r\n");
}

http::Response lines_response(const audit::Page& page) {
  return lines_response(page.records, page.next ? std::to_string(*page.next) : "", "");
}

// The answer of an endpoint that leaves the work to `later`.
base::Result<http::Response> answered_later(const Call& call, Later later) {
  *call.later = std::move(later);
  return http::Response{};
}

std::filesystem::path folder_of(const Context& context) {
  return context.audit.current_file().parent_path();
}

template <class Answer>
base::Result<http::Response> answer_merged(const Call& call, audit::MergedLog& log,
                                           audit::MergedAsk ask, const Answer& answer) {
  if (auto good = add_cursor(ask, call.query, "cursor"); !good) return base::pass(good);
  return answered_later(call, [ask = std::move(ask), &log, answer](Patience) {
    auto page = log.query(ask);
    return std::optional(page ? answer(*page) : error_response(page.error()));
  });
}

// One `wait` of somebody who follows the records of all nodes.
base::Result<http::Response> follow_merged(const Call& call, audit::MergedLog& log,
                                           audit::MergedAsk ask, double end) {
  if (auto good = add_cursor(ask, call.query, "after"); !good) return base::pass(good);
  const auto look = [ask = std::move(ask), &log,
                     end](Patience patience) mutable -> std::optional<http::Response> {
    const bool last = patience == Patience::kNone || base::monotonic_seconds() >= end;
    if (!ask.cursor) {
      auto now = log.end();
      if (!now) return error_response(now.error());
      ask.cursor = std::move(*now);
    }
    if (!log.has_news(*ask.cursor, ask.node) && !last) return std::nullopt;
    auto page = log.query(ask);
    if (!page) return error_response(page.error());
    ask.cursor = page->last;
    if (page->records.empty() && !last) return std::nullopt;
    return page_response(*page, ask.order);
  };
  return answered_later(call, look);
}

}  // namespace

base::Result<http::Response> list_audit(const Context& context, const Call& call, Action&) {
  auto ask = read_ask(context, call);
  if (!ask) return base::pass(ask);
  if (auto* log = merged_log(context); log != nullptr) {
    return answer_merged(call, *log, *ask, [order = ask->order](const audit::MergedPage& page) {
      return page_response(page, order);
    });
  }
  auto one = with_seq(*ask, call.query, "cursor");
  if (!one) return base::pass(one);
  return answered_later(call, [ask = std::move(*one), folder = folder_of(context)](Patience) {
    auto page = audit::query(folder, ask);
    return std::optional(page ? page_response(*page) : error_response(page.error()));
  });
}

base::Result<http::Response> export_audit(const Context& context, const Call& call, Action&) {
  auto ask = read_ask(context, call);
  if (!ask) return base::pass(ask);
  ask->order = audit::Order::kOldestFirst;
  if (call.query.text("limit").empty()) ask->limit = kLimitMax;
  if (auto* log = merged_log(context); log != nullptr) {
    return answer_merged(call, *log, *ask,
                         [](const audit::MergedPage& page) { return lines_response(page); });
  }
  auto one = with_seq(*ask, call.query, "cursor");
  if (!one) return base::pass(one);
  return answered_later(call, [ask = std::move(*one), folder = folder_of(context)](Patience) {
    auto page = audit::query(folder, ask);
    return std::optional(page ? lines_response(*page) : error_response(page.error()));
  });
}

base::Result<http::Response> follow_audit(const Context& context, const Call& call, Action&) {
  auto ask = read_ask(context, call);
  if (!ask) return base::pass(ask);
  auto wait = call.query.number("wait");
  if (!wait) return base::pass(wait);
  if (wait->value_or(0) > kWaitSecondsMax) {
    return base::fail(base::Code::kInvalid, "wait is at most 60 seconds");
  }
  ask->order = audit::Order::kOldestFirst;
  const double end = base::monotonic_seconds() + static_cast<double>(wait->value_or(0));
  if (auto* merged = merged_log(context); merged != nullptr) {
    return follow_merged(call, *merged, std::move(*ask), end);
  }
  auto one = with_seq(*ask, call.query, "after");
  if (!one) return base::pass(one);
  const audit::Log& log = context.audit;
  one->cursor = one->cursor.value_or(log.position().seq);
  const auto look = [ask = std::move(*one), &log, folder = folder_of(context),
                     end](Patience patience) mutable -> std::optional<http::Response> {
    const bool last = patience == Patience::kNone || base::monotonic_seconds() >= end;
    if (log.position().seq <= *ask.cursor && !last) return std::nullopt;
    auto page = audit::query(folder, ask);
    if (!page) return error_response(page.error());
    // What was searched without a match is not searched again.
    ask.cursor = std::max(*ask.cursor, page->last_seq);
    if (page->records.empty() && !last) return std::nullopt;
    return page_response(*page);
  };
  return answered_later(call, look);
}

}  // namespace sutler::admin
