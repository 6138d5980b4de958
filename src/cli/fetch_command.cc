// `sutler fetch`: asks a provider as Northflank would.
#include <memory>

#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/token_options.h"
#include "client/http_client.h"

namespace sutler::cli {
namespace {

struct FetchOptions {
  std::string url;
  TokenOptions token;
};

// The URL is shown as it was typed only when nothing in it can be a password.
base::Result<void> check_url(const std::string& url) {
  auto good = client::printable_url(url);
  if (good) return {};
  const bool shows = url.find('@') == std::string::npos;
  return usage_error("--url " + (shows ? url + ": " : std::string()) + good.error().message,
                     good.error().hint);
}

// Any other status than 200 fails with 1, but for 401, which is a refusal.
base::Error error_of_fetch(int status, std::string_view body) {
  base::Error error = error_of_answer(status, body);
  error.message = "the provider answered " + std::to_string(status) + ": " + error.message;
  error.code = status == 401 ? base::Code::kRefused : base::Code::kUnavailable;
  if (status == 401) {
    error.hint = "it does not say why to the caller: its audit log does, as `reason` of the fetch";
  } else if (status == 404) {
    error.hint = "no team has this path: `sutler team list` shows them";
  }
  return error;
}

base::Result<int> fetch(const Context& context, const FetchOptions& options) {
  auto checked = check_url(options.url);
  if (!checked) return base::pass(checked);
  auto token = make_token(options.token);
  if (!token) return base::pass(token);
  client::ClientRequest request;
  request.url = options.url;
  request.bearer = std::move(*token);
  request.ca_file = ca_file_of(context);
  auto response = client::send(request);
  if (!response) {
    base::Error error = std::move(response.error());
    if (error.hint.empty()) error.hint = "is the provider running, and is it this address?";
    return std::unexpected(std::move(error));
  }
  if (response->status != 200) {
    return std::unexpected(error_of_fetch(response->status, response->body.expose()));
  }
  auto printed = print_line(response->body.expose());
  if (!printed) return base::pass(printed);
  return 0;
}

}  // namespace

void add_fetch_command(CLI::App& root, Context& context) {
  const auto options = std::make_shared<FetchOptions>();
  auto& command = add_command(
      root, context,
      {.name = "fetch",
       .purpose =
           "Asks a provider for a workload's secrets as Northflank would, and prints the answer",
       .example = "sutler fetch --url http://127.0.0.1:8080/ --key-file northflank.key "
                  "--project shop --object api --type service",
       .more =
           "The secrets are shown as they are. Exit status 4 says that the token was refused, 5 "
           "that the provider cannot be reached."},
      Talks::kToNobody, [&context, options] { return fetch(context, *options); });
  add_text(command, options->url,
           {"--url", "URL", "where the provider listens, with the team's path"})
      .required();
  add_token_options(command, options->token);
  command.get_option("--cacert")
      ->group("Options")
      ->description("CA certificates that the provider is checked against (PEM)");
}

}  // namespace sutler::cli
