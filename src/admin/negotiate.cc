#include "admin/negotiate.h"

#include <algorithm>

#include "base/json.h"

namespace sutler::admin {
namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// Up to the next `separator`, which is taken off too.
std::string_view take(std::string_view& text, char separator) {
  const std::string_view part = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(text.size(), part.size() + 1));
  return trimmed(part);
}

// `q=0` says: not this one. Any other weight is a yes here, since there is but one form.
bool is_refused(std::string_view parameters) {
  while (!parameters.empty()) {
    const std::string_view one = take(parameters, ';');
    if (one.size() < 3 || (one[0] != 'q' && one[0] != 'Q') || one[1] != '=') continue;
    return one.find_first_not_of("0.", 2) == std::string_view::npos;
  }
  return false;
}

bool range_covers(std::string_view range, std::string_view type) {
  if (range == "*/*" || http::equal_fold(range, type)) return true;
  return range.ends_with("/*") &&
         http::equal_fold(range.substr(0, range.size() - 1), type.substr(0, type.find('/') + 1));
}

// RFC 9110 section 12.5.1, for one form to choose from. Problems come as they are.
bool accepts(std::string_view accept, std::string_view type) {
  if (trimmed(accept).empty()) return true;
  while (!accept.empty()) {
    std::string_view parameters = take(accept, ',');
    const std::string_view range = take(parameters, ';');
    if (range_covers(range, type) && !is_refused(parameters)) return true;
  }
  return false;
}

bool is_utf8_only(std::string_view parameters) {
  while (!parameters.empty()) {
    std::string_view value = take(parameters, ';');
    if (value.empty()) continue;
    const std::string_view name = take(value, '=');
    if (!http::equal_fold(name, "charset")) return false;
    if (!http::equal_fold(value, "utf-8") && !http::equal_fold(value, "\"utf-8\"")) return false;
  }
  return true;
}

bool is_json(std::string_view content_type, std::string_view method) {
  const std::string_view type = take(content_type, ';');
  const bool known = http::equal_fold(type, "application/json") ||
                     (method == "PATCH" && http::equal_fold(type, "application/merge-patch+json"));
  return known && is_utf8_only(content_type);
}

}  // namespace

std::optional<MediaRefusal> refuse_media(const http::Request& request, const Route& route) {
  if (!accepts(request.field("accept"), route.produces)) {
    return MediaRefusal{
        406,
        {base::Code::kInvalid, "this is answered as " + std::string(route.produces) + " only",
         "leave Accept out, or name that", "not_acceptable"}};
  }
  if (route.body != Body::kJson || request.body.empty()) return std::nullopt;
  if (is_json(request.field("content-type"), request.method)) return std::nullopt;
  return MediaRefusal{415,
                      {base::Code::kInvalid, "the body must be sent as application/json",
                       "say Content-Type: application/json", "unsupported_media_type"}};
}

http::Response media_response(const MediaRefusal& refusal) {
  return http::problem(refusal.status, refusal.error.name, refusal.error.message,
                       refusal.error.hint);
}

http::Response method_not_allowed(const std::string& allow) {
  http::Response response =
      http::problem(405, "method_not_allowed", "this path does not take that method");
  response.extra_fields += "Allow: " + allow + "\r\n";
  return response;
}

http::Response options_response(const std::string& allow) {
  http::Response response;
  response.status = 204;
  response.extra_fields = "Allow: " + allow + "\r\n";
  return response;
}

void add_request_id(http::Response& response, std::string_view id) {
  if (response.content_type != "application/problem+json") return;
  const std::string_view body = response.body.expose();
  if (!body.ends_with('}')) return;
  std::string longer(body.substr(0, body.size() - 1));
  longer += ",\"request_id\":";
  base::append_json_string(longer, id);
  longer += '}';
  response.body = base::Secret(std::move(longer));
}

}  // namespace sutler::admin
