#include "http/message.h"

#include "base/json.h"

namespace sutler::http {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool equal_fold(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string_view Request::field(std::string_view name) const {
  for (const Field& field : fields) {
    if (equal_fold(field.name, name)) return field.value;
  }
  return {};
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 204: return "No Content";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    default: return "Status";
  }
}

Response problem(int status, std::string_view code, std::string_view detail,
                 std::string_view hint) {
  std::string body = R"({"type":"about:blank","title":)";
  base::append_json_string(body, reason_phrase(status));
  body += ",\"status\":" + std::to_string(status) + ",\"code\":";
  base::append_json_string(body, code);
  body += ",\"detail\":";
  base::append_json_string(body, detail);
  if (!hint.empty()) {
    body += ",\"hint\":";
    base::append_json_string(body, hint);
  }
  body += '}';
  Response response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = base::Secret(std::move(body));
  return response;
}

}  // namespace sutler::http
