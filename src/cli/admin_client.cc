#include "cli/admin_client.h"

#include <boost/json/serialize.hpp>
#include <cstdlib>

#include "base/encoding.h"
#include "base/json.h"
#include "base/limits.h"
#include "cli/impact_view.h"
#include "cli/json_view.h"
#include "cli/output.h"
#include "client/http_client.h"
#include "server/options.h"

namespace sutler::cli {
namespace {

using base::Code;

// An apply of many groups, or an audit that waits for a slow disk, takes its time.
constexpr std::chrono::seconds kTimeout{120};
// A group of the largest size, in JSON with every byte escaped, still fits.
constexpr std::size_t kAnswerBytesMax = 4 * base::limits::kAdminBodyBytesMax;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Code code_of_status(int status) {
  switch (status) {
    case 401:
    case 403: return Code::kRefused;
    case 404: return Code::kNotFound;
    case 409:
    case 412:
    case 428: return Code::kConflict;
    case 413: return Code::kTooLarge;
    case 503: return Code::kUnavailable;
    case 507: return Code::kNoSpace;
    default: return status >= 400 && status < 500 ? Code::kInvalid : Code::kInternal;
  }
}

std::string default_hint(int status) {
  if (status == 401) return "SUTLER_TOKEN holds the owner token of that server";
  if (status == 404) return "check the name, and --team where it is not the default one";
  if (status == 503) return "try again in a moment; `sutler status` tells how the server is";
  if (status >= 500) return "the server's log tells more";
  return {};
}

base::Result<void> check_size(std::size_t bytes) {
  constexpr std::size_t bytes_max = base::limits::kAdminBodyBytesMax;
  if (bytes <= bytes_max) return {};
  return base::fail(Code::kTooLarge,
                    "what is to be sent is " + std::to_string(bytes) + " bytes, more than the " +
                        std::to_string(bytes_max) + " that a server takes",
                    "send it in several parts");
}

}  // namespace

std::filesystem::path data_dir_of(const Context& context) {
  if (!context.data_dir.empty()) return context.data_dir;
  if (auto named = environment("SUTLER_DATA_DIR"); !named.empty()) return named;
  return server::default_data_dir();
}

std::filesystem::path ca_file_of(const Context& context) {
  return context.ca_file.empty() ? environment("SUTLER_CACERT") : context.ca_file;
}

std::string api_path(std::initializer_list<std::string_view> segments) {
  std::string path = "/api/v1";
  for (const std::string_view segment : segments) {
    path += '/';
    base::append_percent_encoded(path, segment);
  }
  return path;
}

base::Error error_of_answer(int status, std::string_view body) {
  base::Error error;
  error.code = code_of_status(status);
  if (const auto problem = base::parse_json(body)) {
    error.message = shown(*problem, "detail");
    if (error.message.empty()) error.message = shown(*problem, "title");
    error.hint = shown(*problem, "hint");
    error.name = shown(*problem, "code");
    const std::string impact = impact_summary(*problem);
    if (!impact.empty()) error.message += ": " + impact;
  }
  if (error.message.empty()) {
    error.message = "the server answered " + std::to_string(status) + " without saying why";
  }
  if (error.hint.empty()) error.hint = default_hint(status);
  return error;
}

base::Result<AdminClient> AdminClient::find(const Context& context) {
  AdminClient client;
  client.ca_file_ = ca_file_of(context);
  std::string address = context.address;
  if (address.empty() && context.data_dir.empty()) address = environment("SUTLER_ADDR");
  if (address.empty()) {
    client.url_ = "http://localhost";
    client.socket_ = data_dir_of(context) / "admin.sock";
    // Whoever sets a token wants to be its operator, not the owner that his uid makes him.
    base::Secret token(environment("SUTLER_TOKEN"));
    if (!token.empty()) client.token_ = std::move(token);
    return client;
  }
  while (address.ends_with('/')) address.pop_back();
  client.url_ = std::move(address);
  base::Secret token(environment("SUTLER_TOKEN"));
  if (token.empty()) {
    return base::fail(Code::kRefused, "SUTLER_TOKEN is not set, which an address needs",
                      "set it to the content of owner-token in the server's data directory");
  }
  client.token_ = std::move(token);
  return client;
}

base::Result<AdminClient::Answer> AdminClient::call(const std::string& method,
                                                    const std::string& path,
                                                    std::optional<std::string> body,
                                                    const Condition& condition) const {
  client::ClientRequest request;
  request.method = method;
  request.url = url_ + path;
  request.unix_socket = socket_;
  request.ca_file = ca_file_;
  request.total_timeout = kTimeout;
  request.response_bytes_max = kAnswerBytesMax;
  if (token_) request.bearer = token_->clone();
  if (!condition.if_match.empty()) request.fields.push_back({"If-Match", condition.if_match});
  if (body) {
    request.fields.push_back({"Content-Type", "application/json"});
    request.body = base::Secret(std::move(*body));
    auto fits = check_size(request.body->size());
    if (!fits) return base::pass(fits);
  }
  auto response = client::send(request);
  if (!response) {
    base::Error error = std::move(response.error());
    if (error.code == Code::kUnreachable && error.hint.empty()) {
      error.hint = socket_.empty() ? "is the server running, and is it the admin address?"
                                   : "is the server running? --data-dir or --addr names another";
    }
    return std::unexpected(std::move(error));
  }
  const std::string_view text = response->body.expose();
  const bool is_success = response->status >= 200 && response->status <= 299;
  if (!is_success && response->status != condition.also) {
    return std::unexpected(error_of_answer(response->status, text));
  }
  boost::json::value tree;
  if (!text.empty()) {
    auto parsed = base::parse_json(text);
    if (!parsed) return base::pass(parsed, "the server's answer");
    tree = std::move(*parsed);
  }
  return Answer{std::move(response->body), std::move(tree), std::move(response->etag)};
}

base::Result<AdminClient::Answer> ask_server(const Context& context, const std::string& method,
                                             const std::string& path,
                                             std::optional<std::string> body) {
  auto client = AdminClient::find(context);
  if (!client) return base::pass(client);
  return client->call(method, path, std::move(body));
}

base::Result<AdminClient::Answer> ask_list(const Context& context, const std::string& path) {
  auto client = AdminClient::find(context);
  if (!client) return base::pass(client);
  const std::string first = path + (path.contains('?') ? "&" : "?") + "limit=1000";
  auto answer = client->call("GET", first);
  boost::json::array all;
  while (answer) {
    boost::json::object& page = answer->tree.as_object();
    for (auto& item : page["items"].as_array()) all.push_back(std::move(item));
    const std::string cursor = shown(answer->tree, "next_cursor");
    if (cursor.empty()) break;
    answer = client->call("GET", first + "&cursor=" + cursor);
  }
  if (!answer) return base::pass(answer);
  answer->tree = boost::json::object{{"items", std::move(all)}};
  answer->text = base::Secret(boost::json::serialize(answer->tree));
  return answer;
}

base::Result<int> print_answer(const Context& context, const AdminClient::Answer& answer,
                               const std::string& text) {
  auto printed = print_line(context.json ? answer.text.expose() : std::string_view(text));
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace sutler::cli
