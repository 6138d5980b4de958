#include "audit/filter.h"

#include <string.h>  // memmem

#include <algorithm>
#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <cstdint>

#include "audit/line.h"
#include "base/json.h"

namespace sutler::audit {
namespace {

namespace json = boost::json;

constexpr std::string_view kTimeStart = R"(,"time":")";
constexpr std::size_t kTimeDigits = 27;
constexpr std::string_view kPrevStart = R"(,"prev":")";

bool holds(std::string_view bytes, std::string_view needle) {
  return ::memmem(bytes.data(), bytes.size(), needle.data(), needle.size()) != nullptr;
}

// How often it is there, counted up to `enough`.
std::size_t count(std::string_view bytes, std::string_view needle, std::size_t enough) {
  std::size_t found = 0;
  while (found < enough) {
    const void* at = ::memmem(bytes.data(), bytes.size(), needle.data(), needle.size());
    if (at == nullptr) break;
    ++found;
    const auto hit = static_cast<std::size_t>(static_cast<const char*>(at) - bytes.data());
    bytes.remove_prefix(hit + needle.size());
  }
  return found;
}

std::string escaped(std::string_view text) {
  std::string out;
  base::append_json_string(out, text);
  return out;
}

// `"name":"text"` as the log writes it.
std::string member(std::string_view name, std::string_view text) {
  return '"' + std::string(name) + "\":" + escaped(text);
}

std::string_view text_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  if (value == nullptr || !value->is_string()) return {};
  return {value->get_string().data(), value->get_string().size()};
}

const json::array* array_of(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains({name.data(), name.size()});
  return value != nullptr ? value->if_array() : nullptr;
}

// One of the groups of the record has this member.
bool has_group(const json::object& line, std::string_view name, std::string_view wanted) {
  const json::array* groups = array_of(line, "groups");
  if (groups == nullptr) return false;
  return std::ranges::any_of(*groups, [&](const json::value& group) {
    return group.is_object() && text_of(group.get_object(), name) == wanted;
  });
}

bool has_key(const json::object& line, std::string_view wanted) {
  const json::array* keys = array_of(line, "keys");
  if (keys == nullptr) return false;
  return std::ranges::any_of(*keys, [&](const json::value& key) {
    return key.is_string() &&
           std::string_view(key.get_string().data(), key.get_string().size()) == wanted;
  });
}

bool is_prefix(std::string_view event) { return event.ends_with('*'); }

bool event_matches(std::string_view wanted, std::string_view event) {
  if (!is_prefix(wanted)) return event == wanted;
  return event.starts_with(wanted.substr(0, wanted.size() - 1));
}

std::string_view time_in(std::string_view line) {
  const std::size_t at = line.substr(0, 48).find(kTimeStart);
  if (at == std::string_view::npos) return {};
  return line.substr(at + kTimeStart.size(), kTimeDigits);
}

}  // namespace

base::Result<void> check_filter(const Filter& filter) {
  constexpr std::array<std::string_view, 5> kOutcomes = {"", "ok", "denied", "failed", "intent"};
  if (std::ranges::find(kOutcomes, filter.outcome) == kOutcomes.end()) {
    return base::fail(base::Code::kInvalid, "outcome is ok, denied, failed or intent");
  }
  if (filter.since && filter.until && *filter.until < *filter.since) {
    return base::fail(base::Code::kInvalid, "until is before since: no record can match");
  }
  const auto star = filter.event.find('*');
  if (star != std::string::npos && star + 1 != filter.event.size()) {
    return base::fail(base::Code::kInvalid, "event takes one * and only at its end: group.*");
  }
  return {};
}

LineMatcher::LineMatcher(const Filter& filter) : filter_(filter) {
  if (filter.since) since_ = base::rfc3339(*filter.since);
  if (filter.until) until_ = base::rfc3339(*filter.until);
  const auto need = [this](std::string needle) { needles_.push_back(std::move(needle)); };
  const auto need_member = [&](std::string_view name, const std::string& text) {
    if (!text.empty()) need(member(name, text));
  };
  // In the order of how rare they are, mostly: the first is searched for in many lines at once.
  need_member("request_id", filter.request_id);
  if (!filter.text.empty()) {
    const std::string text = escaped(filter.text);
    need(text.substr(1, text.size() - 2));
  }
  need_member("operator", filter.operator_name);
  need_member("nfObjectId", filter.object);
  need_member("name", filter.group);
  if (!filter.key.empty()) need(escaped(filter.key));
  need_member("projectId", filter.project);
  need_member("remote", filter.remote);
  need_member("key_id", filter.key_id);
  if (is_prefix(filter.event)) {
    const std::string start = member("event", filter.event.substr(0, filter.event.size() - 1));
    need(start.substr(0, start.size() - 1));
  } else {
    need_member("event", filter.event);
  }
  need_member("outcome", filter.outcome);
  need_member("team", filter.team);
  need_member("nfObjectType", filter.type);
  strict_ = !needles_.empty();
}

std::string_view LineMatcher::needle(std::string_view sample) const {
  if (needles_.empty()) return {};
  std::string_view best = needles_.front();
  std::size_t least = SIZE_MAX;
  for (const std::string& needle : needles_) {
    const std::size_t found = count(sample, needle, least);
    if (found < least) best = needle;
    least = std::min(least, found);
    if (least == 0) break;
  }
  return best;
}

bool LineMatcher::matches(std::string_view line) const {
  return may_match(line) && (!strict_ || matches_strictly(line));
}

bool LineMatcher::may_match(std::string_view line) const {
  if (!since_.empty() || !until_.empty()) {
    const std::string_view time = time_in(line);
    if (time.size() != kTimeDigits) return false;
    if (!since_.empty() && time < since_) return false;
    if (!until_.empty() && time >= until_) return false;
  }
  for (const std::string& needle : needles_) {
    if (!holds(line, needle)) return false;
  }
  if (!filter_.key.empty()) {
    // Only what stands among the keys counts; a name that is common elsewhere costs no parsing.
    const std::size_t keys = line.find(R"(,"keys":[)");
    if (keys == std::string_view::npos) return false;
    if (!holds(line.substr(keys), escaped(filter_.key))) return false;
  }
  if (!filter_.event.empty() || filter_.checkpoints == Filter::Checkpoints::kInclude) return true;
  return line.substr(0, 128).find(R"(,"event":"checkpoint",)") == std::string_view::npos;
}

bool LineMatcher::matches_strictly(std::string_view line) const {
  if (!filter_.text.empty()) {
    // Hashes and signatures are not text that anybody wrote.
    const std::string text = escaped(filter_.text);
    const std::size_t prev = line.rfind(kPrevStart);
    if (!holds(line.substr(0, prev), text.substr(1, text.size() - 2))) return false;
  }
  std::array<unsigned char, 16 * 1024> room;
  json::monotonic_resource memory(room.data(), room.size());
  json::parse_options limits;
  limits.max_depth = 8;
  json::error_code error;
  const json::value tree = json::parse({line.data(), line.size()}, error, &memory, limits);
  return !error && tree.is_object() && members_match(tree.get_object());
}

bool LineMatcher::members_match(const json::object& line) const {
  const auto same = [](std::string_view wanted, const json::object& object, std::string_view name) {
    return wanted.empty() || text_of(object, name) == wanted;
  };
  const bool plain = same(filter_.operator_name, line, "operator") &&
                     same(filter_.outcome, line, "outcome") &&
                     same(filter_.key_id, line, "key_id") && same(filter_.remote, line, "remote") &&
                     same(filter_.request_id, line, "request_id");
  if (!plain) return false;
  if (!filter_.event.empty() && !event_matches(filter_.event, text_of(line, "event"))) return false;
  if (!filter_.team.empty() && text_of(line, "team") != filter_.team &&
      !has_group(line, "team", filter_.team)) {
    return false;
  }
  if (!filter_.group.empty() && !has_group(line, "name", filter_.group)) return false;
  if (!filter_.key.empty() && !has_key(line, filter_.key)) return false;
  if (filter_.project.empty() && filter_.object.empty() && filter_.type.empty()) return true;
  const json::value* workload = line.if_contains("workload");
  if (workload == nullptr || !workload->is_object()) return false;
  const json::object& who = workload->get_object();
  return same(filter_.project, who, "projectId") && same(filter_.object, who, "nfObjectId") &&
         same(filter_.type, who, "nfObjectType");
}

}  // namespace sutler::audit
