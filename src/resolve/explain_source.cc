#include "resolve/explain_source.h"

#include "base/json.h"

namespace sutler::resolve {
namespace {

using State = source::Found::State;

std::string_view word_of(State state) {
  switch (state) {
    case State::kValue: return "value";
    case State::kMissing: return "missing";
    case State::kPending: return "pending";
    case State::kFailed: return "failed";
    case State::kUnknown: return "unknown_source";
    case State::kNotAllowed: return "not_allowed";
  }
  return "failed";
}

void append_text(std::string& out, std::string_view start, std::string_view text) {
  out += start;
  base::append_json_string(out, text);
}

}  // namespace

void append_source_json(std::string& out, const SourceNote& note, base::UnixTime now) {
  append_text(out, R"({"from":)", note.source);
  append_text(out, R"(,"ref":)", note.ref);
  append_text(out, R"(,"state":)", word_of(note.state));
  if (note.fallback == SourceNote::Default::kStandsIn) out += R"(,"default":true)";
  const bool is_known = note.origin && note.state == State::kValue;
  if (note.origin) {
    constexpr std::int64_t kSecond = 1'000'000;
    const std::int64_t age = (now.microseconds - note.origin->read_at.microseconds) / kSecond;
    append_text(out, R"(,"readAt":)", base::rfc3339(note.origin->read_at));
    out += R"(,"ageSeconds":)" + std::to_string(age > 0 ? age : 0);
    append_text(out, R"(,"freshUntil":)", base::rfc3339(note.origin->fresh_until));
    append_text(out, R"(,"staleUntil":)", base::rfc3339(note.origin->stale_until));
    if (note.origin->stale) out += R"(,"stale":true)";
    if (note.origin->last_failure) {
      append_text(out, R"(,"lastFailure":)", source::failure_name(note.origin->last_failure->kind));
    }
  }
  if (is_known && now < note.origin->stale_until) {
    append_text(out, R"(,"ifDown":)", "served until " + base::rfc3339(note.origin->stale_until));
  } else {
    append_text(out, R"(,"ifDown":)", "the fetch fails with 503 source_unavailable");
  }
  out += '}';
}

}  // namespace sutler::resolve
