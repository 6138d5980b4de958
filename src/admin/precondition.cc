#include "admin/precondition.h"

#include <algorithm>

#include "admin/json_io.h"

namespace sutler::admin {
namespace {

base::Unexpected malformed(const char* field, const char* hint) {
  return base::fail(base::Code::kInvalid,
                    "the field " + std::string(field) + " cannot be understood", hint);
}

void skip_blanks(std::string_view& text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
}

// The next entity tag off the front of `text`, without its weakness: `W/` makes it match nothing.
// False: there is none.
bool take_tag(std::string_view& text, std::vector<std::string>& tags) {
  const bool weak = text.starts_with("W/");
  if (weak) text.remove_prefix(2);
  if (!text.starts_with('"')) return false;
  const std::size_t end = text.find('"', 1);
  if (end == std::string_view::npos) return false;
  const std::string_view tag = text.substr(0, end + 1);
  const auto is_blank = [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; };
  if (std::ranges::any_of(tag, is_blank)) return false;
  if (!weak) tags.emplace_back(tag);
  text.remove_prefix(end + 1);
  return true;
}

bool take_tags(std::string_view text, std::vector<std::string>& tags) {
  while (true) {
    skip_blanks(text);
    if (!take_tag(text, tags)) return false;
    skip_blanks(text);
    if (text.empty()) return true;
    if (!text.starts_with(',')) return false;
    text.remove_prefix(1);
  }
}

struct Refusal {
  int status;
  std::string_view code;
  std::string detail;
  std::string_view hint;
};

http::Response refuse(const Refusal& refusal, const store::GroupRecord* record, Action& action) {
  action.record_failure(
      base::Error{base::Code::kConflict, refusal.detail, {}, std::string(refusal.code)});
  JsonObject problem;
  problem.text("type", "about:blank")
      .text("title", http::reason_phrase(refusal.status))
      .number("status", static_cast<std::uint64_t>(refusal.status))
      .text("code", refusal.code)
      .text("detail", refusal.detail)
      .text("hint", refusal.hint)
      .number("current_version", record == nullptr ? 0 : record->version());
  if (record != nullptr) problem.text("current_etag", etag_of(*record));
  http::Response response = json_response(refusal.status, problem.done());
  response.content_type = "application/problem+json";
  if (record != nullptr) response.extra_fields = etag_field(*record);
  return response;
}

}  // namespace

std::string etag_of(const store::GroupRecord& record) {
  return '"' + std::to_string(record.version()) + '-' + std::to_string(record.revision()) + '"';
}

std::string etag_field(const store::GroupRecord& record) {
  return "ETag: " + etag_of(record) + "\r\n";
}

base::Result<Precondition> Precondition::read(const http::Request& request) {
  Precondition asked;
  int matches = 0;
  for (const http::Field& field : request.fields) {
    if (http::equal_fold(field.name, "if-none-match")) {
      if (asked.none_ || field.value != "*") {
        return malformed("If-None-Match", "`*` says that there must be no such group");
      }
      asked.none_ = true;
    }
    if (!http::equal_fold(field.name, "if-match")) continue;
    asked.if_match_ = true;
    asked.any_ = field.value == "*";
    const bool good = asked.any_ || take_tags(field.value, asked.tags_);
    if (!good || ++matches > 1) {
      return malformed("If-Match", "it is the ETag of the group with its quotes, or `*`");
    }
  }
  return asked;
}

std::optional<http::Response> Precondition::judge(const Call& call,
                                                  const store::GroupRecord* record,
                                                  Replaces replaces, Action& action) const {
  const std::string group = "group \"" + call.name + "\"";
  constexpr std::string_view kFailed = "precondition_failed";
  if (record == nullptr) {
    if (!if_match_) return std::nullopt;
    return refuse({412, kFailed, group + " is not there", "leave If-Match out to make it"}, nullptr,
                  action);
  }
  const std::string at = " is at version " + std::to_string(record->version());
  if (none_) {
    return refuse({412, kFailed, group + " exists and" + at,
                   "leave If-None-Match out, and send the ETag as If-Match to write over it"},
                  record, action);
  }
  if (any_) return std::nullopt;
  if (if_match_) {
    if (std::ranges::find(tags_, etag_of(*record)) != tags_.end()) return std::nullopt;
    return refuse({412, kFailed, group + " was changed meanwhile and" + at,
                   "look at it again, and send its new ETag as If-Match"},
                  record, action);
  }
  if (replaces == Replaces::kNamedParts) return std::nullopt;
  return refuse({428, "precondition_required", group + " exists and" + at,
                 "send its ETag as If-Match, or `*` to write over whatever is there"},
                record, action);
}

}  // namespace sutler::admin
