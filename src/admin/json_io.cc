#include "admin/json_io.h"

#include "base/json.h"
#include "base/json_bounded.h"

namespace sutler::admin {
namespace {

int status_of(base::Code code) {
  switch (code) {
    case base::Code::kInvalid: return 400;
    case base::Code::kNotFound: return 404;
    case base::Code::kRefused: return 403;
    case base::Code::kUnreachable: return 502;
    case base::Code::kConflict: return 409;
    case base::Code::kTooLarge: return 413;
    case base::Code::kUnavailable: return 503;
    case base::Code::kNoSpace: return 507;
    case base::Code::kCorrupt:
    case base::Code::kInternal: return 500;
  }
  return 500;
}

std::optional<std::int64_t> whole_number(const boost::json::value& value) {
  if (const auto* number = value.if_int64()) return *number;
  if (const auto* number = value.if_uint64(); number != nullptr && *number <= INT64_MAX) {
    return static_cast<std::int64_t>(*number);
  }
  if (const auto* number = value.if_double(); number != nullptr && base::is_whole(*number)) {
    return static_cast<std::int64_t>(*number);
  }
  return std::nullopt;
}

}  // namespace

void JsonObject::begin(std::string_view name) {
  if (text_.size() > 1) text_ += ',';
  base::append_json_string(text_, name);
  text_ += ':';
}

JsonObject& JsonObject::text(std::string_view name, std::string_view value) {
  begin(name);
  base::append_json_string(text_, value);
  return *this;
}

JsonObject& JsonObject::number(std::string_view name, std::uint64_t value) {
  return raw(name, std::to_string(value));
}

JsonObject& JsonObject::raw(std::string_view name, std::string_view value) {
  begin(name);
  text_ += value;
  return *this;
}

std::string JsonObject::done() {
  text_ += '}';
  return std::move(text_);
}

JsonArray& JsonArray::raw(std::string_view value) {
  if (!empty()) text_ += ',';
  text_ += value;
  return *this;
}

JsonArray& JsonArray::text(std::string_view value) {
  if (!empty()) text_ += ',';
  base::append_json_string(text_, value);
  return *this;
}

std::string JsonArray::done() {
  text_ += ']';
  return std::move(text_);
}

std::string json_strings(std::span<const std::string> items) {
  JsonArray array;
  for (const std::string& item : items) array.text(item);
  return array.done();
}

http::Response json_response(int status, std::string body) {
  http::Response response;
  response.status = status;
  response.body = base::Secret(std::move(body));
  return response;
}

http::Response secret_response(base::Secret body) {
  http::Response response;
  response.body = std::move(body);
  return response;
}

http::Response error_response(const base::Error& error) {
  const int status = status_of(error.code);
  const std::string_view code = error.name.empty() ? base::code_name(error.code) : error.name;
  http::Response response = http::problem(status, code, error.message, error.hint);
  if (status == 503) response.extra_fields += "Retry-After: 1\r\n";
  return response;
}

base::Result<BodyReader> BodyReader::parse(std::string_view body) {
  if (body.empty()) return BodyReader(boost::json::object());
  auto tree = base::parse_bounded_json(body);
  if (!tree) return base::pass(tree, "body");
  if (!tree->is_object()) return base::fail(base::Code::kInvalid, "body: must be a JSON object");
  return BodyReader(std::move(*tree));
}

const boost::json::value* BodyReader::find(std::string_view name) {
  known_.emplace(name);
  return tree_.get_object().if_contains({name.data(), name.size()});
}

std::optional<std::string> BodyReader::text(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* string = value->if_string()) return std::string(string->data(), string->size());
  refuse("body: member \"" + std::string(name) + "\" must be a string");
  return std::nullopt;
}

std::string BodyReader::required_text(std::string_view name) {
  if (find(name) == nullptr) refuse("body: member \"" + std::string(name) + "\" is missing");
  return text(name).value_or(std::string());
}

std::optional<bool> BodyReader::flag(std::string_view name) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* flag = value->if_bool()) return *flag;
  refuse("body: member \"" + std::string(name) + "\" must be true or false");
  return std::nullopt;
}

std::optional<std::int64_t> BodyReader::whole(std::string_view name, std::int64_t min,
                                              std::int64_t max) {
  const auto* value = find(name);
  if (value == nullptr) return std::nullopt;
  const auto number = whole_number(*value);
  if (number && *number >= min && *number <= max) return number;
  refuse("body: member \"" + std::string(name) + "\" must be a whole number from " +
         std::to_string(min) + " to " + std::to_string(max));
  return std::nullopt;
}

void BodyReader::refuse(std::string message, std::string hint) {
  if (!error_) error_ = base::Error{base::Code::kInvalid, std::move(message), std::move(hint)};
}

base::Result<void> BodyReader::finish() {
  if (!error_) {
    for (const auto& member : tree_.get_object()) {
      const std::string_view name(member.key().data(), member.key().size());
      if (!known_.contains(name)) {
        refuse("body: member \"" + std::string(name) + "\" is not known here");
        break;
      }
    }
  }
  if (error_) return base::Unexpected(std::move(*error_));
  return {};
}

}  // namespace sutler::admin
