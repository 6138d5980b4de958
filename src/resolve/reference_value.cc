#include "resolve/reference_value.h"

#include <optional>
#include <string>

#include "base/encoding.h"
#include "base/limits.h"
#include "base/utf8.h"
#include "base/wipe.h"

namespace sutler::resolve {
namespace {

using base::Code;
using base::fail;
using base::Result;

std::string place_of(std::string_view source, std::string_view ref) {
  return std::string(ref) + " of source " + std::string(source);
}

base::Unexpected failed(const source::Failure& failure, const std::string& where) {
  const auto say = [&](Code code, std::string_view name, std::string_view what) {
    std::string message = "its value, " + where + ", " + std::string(what);
    if (!failure.message.empty()) message += ": " + failure.message;
    return fail(code, std::move(message), {}, std::string(name));
  };
  switch (failure.kind) {
    case source::FailureKind::kOutage:
    case source::FailureKind::kLogin:
      return say(Code::kUnavailable, "source_unavailable", "cannot be had now");
    case source::FailureKind::kMissing:
      return say(Code::kNotFound, "source_missing", "does not exist");
    case source::FailureKind::kDenied:
      return say(Code::kRefused, "source_denied", "is not this server's to read");
    case source::FailureKind::kBadReference:
      return say(Code::kInvalid, "source_bad_reference", "cannot be there");
  }
  return say(Code::kUnavailable, "source_unavailable", "cannot be had now");
}

// As tools write it: with line breaks, or without the padding.
std::optional<base::Secret> decoded(std::string_view text) {
  std::string plain;
  plain.reserve(text.size() + 4);
  for (const char c : text) {
    if (c != '\n' && c != '\r') plain += c;
  }
  while (plain.size() % 4 != 0 && plain.size() % 4 != 1) plain += '=';
  auto bytes = base::base64_decode(plain);
  base::wipe(plain);
  if (!bytes) return std::nullopt;
  return base::Secret(std::move(*bytes));
}

}  // namespace

base::Unexpected not_found(const source::Found& found, std::string_view source,
                           std::string_view ref) {
  using State = source::Found::State;
  const std::string where = place_of(source, ref);
  switch (found.state) {
    case State::kValue:
    case State::kPending:
      return fail(Code::kUnavailable, "its value, " + where + ", is not read yet", {},
                  "source_pending");
    case State::kMissing:
      return fail(Code::kNotFound, "its value, " + where + ", does not exist there",
                  "put it there, or say `optional: true` or `default` in the group",
                  "source_missing");
    case State::kFailed: return failed(found.failure, where);
    case State::kUnknown:
      return fail(Code::kUnavailable,
                  "its value is " + where + ", and no such source is configured",
                  "add it to `sources` of the config file", "unknown_source");
    case State::kNotAllowed:
      return fail(Code::kRefused,
                  "its value is " + where + ", which `allow` of the source does not give to it",
                  "add team, group and reference to `allow` of the source in the config file",
                  "source_not_allowed");
  }
  return failed(found.failure, where);
}

Result<void> check_text(std::string_view value, std::string_view source, std::string_view ref) {
  if (base::is_utf8(value) && value.find('\0') == std::string_view::npos) return {};
  return fail(Code::kInvalid,
              "its value, " + place_of(source, ref) +
                  ", is not text, which is all that a variable can hold",
              "put it in a file, whose bytes go out as they are", "source_not_text");
}

Result<ReferenceValue> value_of_reference(const model::Reference& reference, source::Found& found,
                                          Place place, model::Encoding wanted) {
  using Form = ReferenceValue::Form;
  base::Secret bytes;
  if (found.state == source::Found::State::kValue) {
    bytes = std::move(found.value);
  } else if (found.state == source::Found::State::kMissing && reference.optional) {
    return ReferenceValue{Form::kAbsent, {}};
  } else if (found.state == source::Found::State::kMissing && reference.fallback) {
    bytes = reference.fallback->clone();
  } else {
    return not_found(found, reference.from, reference.ref);
  }
  if (reference.encoding == "base64") {
    auto plain = decoded(bytes.expose());
    if (!plain) {
      return fail(Code::kInvalid,
                  "its value, " + place_of(reference.from, reference.ref) +
                      ", is not base64, as `encoding` says",
                  "leave `encoding: base64` of the reference out", "source_not_base64");
    }
    bytes = std::move(*plain);
  }
  if (place == Place::kVariable) {
    auto text = check_text(bytes.expose(), reference.from, reference.ref);
    if (!text) return base::pass(text);
    return ReferenceValue{Form::kText, std::move(bytes)};
  }
  if (bytes.size() > base::limits::kFileBytesMax) {
    return fail(Code::kTooLarge,
                "it is longer than " + std::to_string(base::limits::kFileBytesMax) + " bytes", {},
                "bundle_too_large");
  }
  if (wanted != model::Encoding::kBase64 && base::is_utf8(bytes.expose())) {
    return ReferenceValue{Form::kText, std::move(bytes)};
  }
  return ReferenceValue{Form::kBase64, base::Secret(base::base64_encode(bytes.expose()))};
}

}  // namespace sutler::resolve
