#include "cli/audit_page.h"

#include <utility>

#include "audit/line.h"
#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

// The lines as they stand in the log: they are proved by their hashes. A quote in a string is
// escaped, so what stands between two records, or after the last one, stands nowhere else.
constexpr std::string_view kStart = R"({"records":[)", kBetween = R"("},{"seq":)";
constexpr std::string_view kHash = R"(,"hash":")", kEnd = R"("}])";

// Takes the records off; what is left is the rest of the answer without its final brace.
std::vector<std::string> take_lines(std::string_view& answer) {
  std::vector<std::string> lines;
  if (!answer.starts_with(kStart)) return lines;
  answer.remove_prefix(kStart.size());
  while (answer.starts_with(R"({"seq":)")) {
    std::size_t size = answer.find(kBetween);
    // The last one ends with its hash and the end of the list.
    for (std::size_t at = answer.find(kHash); at < size; at = answer.find(kHash, at + 1)) {
      const std::size_t end = at + kHash.size() + audit::kHashDigits;
      if (answer.substr(std::min(end, answer.size())).starts_with(kEnd)) size = end;
    }
    if (size == std::string_view::npos) return lines;
    size += 2;
    lines.emplace_back(answer.substr(0, size));
    answer.remove_prefix(size);
    if (answer.starts_with(',')) answer.remove_prefix(1);
  }
  if (answer.starts_with(']')) answer.remove_prefix(1);
  if (answer.ends_with('}')) answer.remove_suffix(1);
  return lines;
}

}  // namespace

std::string behind_text(const boost::json::value& node) {
  const std::string state = shown(node, "state");
  std::string name = shown(node, "name");
  if (name.empty()) name = shown(node, "node");
  if (state == "behind") {
    return name + " has records that are not in the store yet: " + shown(node, "behind_lines") +
           ", the oldest of them for " + shown(node, "behind_seconds") + " s";
  }
  if (state != "silent") return {};
  const std::string seen = shown(node, "seen");
  return name + " has not been heard of" + (seen.empty() ? "" : " since " + seen) +
         ": it may have records that are not in the store";
}

AuditPage read_audit_page(const AdminClient::Answer& answer) {
  AuditPage page;
  std::string_view text = answer.text.expose();
  page.lines = take_lines(text);
  page.rest = text;
  page.next = shown(answer.tree, "next");
  page.last = shown(answer.tree, "last");
  if (page.last.empty()) page.last = shown(answer.tree, "last_seq");
  for (const auto* node : items(answer.tree, "nodes")) {
    page.names[shown(*node, "node")] = shown(*node, "name");
    if (std::string behind = behind_text(*node); !behind.empty()) {
      page.behind.push_back(std::move(behind));
    }
  }
  for (const auto* row : items(answer.tree, "damaged")) {
    page.behind.push_back("a row of the node " + shown(*row, "node") +
                          " was changed in the database (from seq " + shown(*row, "first_seq") +
                          " on): its records are left out");
  }
  return page;
}

AuditPage audit_page_of(const audit::Page& page) {
  AuditPage out;
  for (const auto& record : page.records) out.lines.push_back(record.line);
  if (page.next) {
    out.next = std::to_string(*page.next);
    out.rest = ",\"next\":" + out.next;
  }
  out.last = std::to_string(page.last_seq);
  out.rest += ",\"last_seq\":" + out.last;
  return out;
}

std::string audit_page_json(const std::vector<std::string>& lines, const AuditPage& last) {
  std::string text(kStart);
  for (const std::string& line : lines) {
    if (text.back() == '}') text += ',';
    text += line;
  }
  return text + "]" + last.rest + "}";
}

}  // namespace sutler::cli
