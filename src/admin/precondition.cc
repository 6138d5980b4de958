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

http::Response refuse(const Refusal& refusal, const Tagged& now, Action& action) {
  action.record_failure(
      base::Error{base::Code::kConflict, refusal.detail, {}, std::string(refusal.code)});
  JsonObject problem;
  problem.text("type", "about:blank")
      .text("title", http::reason_phrase(refusal.status))
      .number("status", static_cast<std::uint64_t>(refusal.status))
      .text("code", refusal.code)
      .text("detail", refusal.detail)
      .text("hint", refusal.hint)
      .number("current_version", now.version);
  const std::string etag = etag_of(now.version, now.revision);
  if (now.version != 0) problem.text("current_etag", etag);
  http::Response response = json_response(refusal.status, problem.done());
  response.content_type = "application/problem+json";
  if (now.version != 0) response.extra_fields = etag_field(etag);
  return response;
}

}  // namespace

Tagged tagged(const Call& call, const store::GroupRecord* record) {
  Tagged now{"group \"" + call.name + "\"", 0, 0};
  if (record != nullptr) {
    now.version = record->version();
    now.revision = record->revision();
  }
  return now;
}

Tagged tagged(const store::TeamRecord& record) {
  return {"team \"" + record.team.id + "\"", record.version, record.revision};
}

Tagged tagged(std::string_view name, const store::OperatorRecord* record) {
  Tagged now{"operator \"" + std::string(name) + "\"", 0, 0};
  if (record != nullptr) {
    now.version = record->version;
    now.revision = record->revision;
  }
  return now;
}

std::string etag_of(std::uint64_t version, std::uint64_t revision) {
  return '"' + std::to_string(version) + '-' + std::to_string(revision) + '"';
}

std::string etag_of(const store::GroupRecord& record) {
  return etag_of(record.version(), record.revision());
}

std::string etag_field(const std::string& etag) { return "ETag: " + etag + "\r\n"; }

std::string etag_field(const store::GroupRecord& record) { return etag_field(etag_of(record)); }

base::Result<Precondition> Precondition::read(const http::Request& request) {
  Precondition asked;
  int matches = 0;
  for (const http::Field& field : request.fields) {
    if (http::equal_fold(field.name, "if-none-match")) {
      if (asked.none_ || field.value != "*") {
        return malformed("If-None-Match", "`*` says that there must be none yet");
      }
      asked.none_ = true;
    }
    if (!http::equal_fold(field.name, "if-match")) continue;
    asked.if_match_ = true;
    asked.any_ = field.value == "*";
    const bool good = asked.any_ || take_tags(field.value, asked.tags_);
    if (!good || ++matches > 1) {
      return malformed("If-Match", "it is the ETag with its quotes, or `*`");
    }
  }
  return asked;
}

std::optional<http::Response> Precondition::judge(const Tagged& now, Replaces replaces,
                                                  Action& action) const {
  constexpr std::string_view kFailed = "precondition_failed";
  if (now.version == 0) {
    if (!if_match_) return std::nullopt;
    return refuse({412, kFailed, now.what + " is not there", "leave If-Match out to make it"}, now,
                  action);
  }
  const std::string at = " is at version " + std::to_string(now.version);
  if (none_) {
    return refuse({412, kFailed, now.what + " exists and" + at,
                   "leave If-None-Match out, and send the ETag as If-Match to write over it"},
                  now, action);
  }
  if (any_) return std::nullopt;
  if (if_match_) {
    const std::string current = etag_of(now.version, now.revision);
    if (std::ranges::find(tags_, current) != tags_.end()) return std::nullopt;
    return refuse({412, kFailed, now.what + " was changed meanwhile and" + at,
                   "look at it again, and send its new ETag as If-Match"},
                  now, action);
  }
  if (replaces == Replaces::kNamedParts) return std::nullopt;
  return refuse({428, "precondition_required", now.what + " exists and" + at,
                 "send its ETag as If-Match, or `*` to write over whatever is there"},
                now, action);
}

}  // namespace sutler::admin
