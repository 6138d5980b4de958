#include "cli/impact_view.h"

#include <charconv>
#include <iostream>
#include <vector>

#include "cli/json_view.h"
#include "cli/output.h"

namespace sutler::cli {
namespace {

constexpr std::size_t kLinesMax = 20;
constexpr std::size_t kKeysMax = 8;

std::uint64_t number_of(const boost::json::value& tree, std::string_view name) {
  const std::string text = shown(tree, name);
  std::uint64_t value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

// Of a team `impact` is its policy, so what a change does is `effect` there.
const boost::json::value& impact_of(const boost::json::value& answer) {
  const auto& impact = member(answer, "impact");
  return impact.is_object() ? impact : member(answer, "effect");
}

std::string keys_text(const boost::json::value& one, const char* name, std::string_view label) {
  auto keys = texts(one, name);
  if (keys.empty()) return {};
  const std::size_t more = keys.size() > kKeysMax ? keys.size() - kKeysMax : 0;
  keys.resize(keys.size() - more);
  std::string out = " " + std::string(label) + " " + printable(joined(keys, ", "));
  if (more > 0) out += " and " + std::to_string(more) + " more";
  return out + ";";
}

std::string line_of(const boost::json::value& one) {
  std::string line = "  " +
                     printable(shown(one, "project") + "/" + shown(one, "object") + " (" +
                               shown(one, "type") + ")") +
                     ":";
  line += keys_text(one, "lost", "loses");
  line += keys_text(one, "gained", "gains");
  line += keys_text(one, "changed", "gets another");
  const std::string before = shown(one, "before");
  const std::string after = shown(one, "after");
  if (after == "fails") line += before == "fails" ? " fails as before;" : " will fail;";
  if (before == "fails" && after != "fails") line += " will work again;";
  if (after == "empty" && before != "empty") line += " ends up with nothing;";
  const std::string reason = shown(one, "reason");
  if (!reason.empty()) line += " " + printable(reason) + ";";
  line.pop_back();
  return line;
}

}  // namespace

std::string impact_summary(const boost::json::value& answer) {
  const auto& impact = impact_of(answer);
  const auto& summary = member(impact, "summary");
  if (!summary.is_object()) return {};
  constexpr std::pair<const char*, const char*> kParts[] = {{"losing", "lose keys"},
                                                            {"failing", "would fail"},
                                                            {"emptied", "end up with nothing"},
                                                            {"gaining", "gain keys"},
                                                            {"changing", "get other values"},
                                                            {"mended", "work again"}};
  std::string out;
  for (const auto& [name, words] : kParts) {
    const std::uint64_t count = number_of(summary, name);
    if (count == 0) continue;
    out += (out.empty() ? "" : ", ") + std::to_string(count) + " " + words;
  }
  return out;
}

std::string impact_text(const boost::json::value& answer) {
  const auto& impact = impact_of(answer);
  const auto& summary = member(impact, "summary");
  if (!summary.is_object()) return {};
  if (!member(impact, "registry").is_null()) {
    return "impact: not known, for this server keeps no registry of workloads";
  }
  const std::uint64_t all = number_of(summary, "affected");
  if (all == 0) return {};
  std::string out = "impact: of " + shown(impact, "workloads_checked") + " known workloads " +
                    impact_summary(answer);
  std::uint64_t listed = 0;
  for (const auto* one : items(impact, "affected")) {
    if (listed == kLinesMax) break;
    out += "\n" + line_of(*one);
    ++listed;
  }
  if (all > listed) out += "\n  and " + std::to_string(all - listed) + " more (--json lists them)";
  if (is_true(impact, "limited")) {
    out += "\n  told from the groups and values that you may see; others can change it";
  }
  return out;
}

void print_impact(const boost::json::value& answer) {
  const std::string text = impact_text(answer);
  if (!text.empty()) std::cerr << text << '\n';
}

}  // namespace sutler::cli
