#include "source/aws/api.h"

#include <algorithm>
#include <utility>

#include "source/aws/key_sources.h"
#include "source/aws/locator.h"
#include "source/call.h"

namespace sutler::source {
namespace {

// `host` or `host:port` as it goes into the field Host.
std::string authority_of(std::string_view url) {
  const auto scheme = url.find("://");
  url.remove_prefix(scheme == std::string_view::npos ? 0 : scheme + 3);
  std::string authority(url.substr(0, url.find_first_of("/?#")));
  for (const char* port : {":443", ":80"}) {
    if (authority.ends_with(port)) authority.resize(authority.rfind(':'));
  }
  return authority;
}

}  // namespace

AwsReply aws_reply(const client::ClientResponse& response) {
  const std::int64_t wait = std::clamp<std::int64_t>(response.retry_after_seconds, 0, 86'400);
  return {response.status, response.body.expose(), std::chrono::seconds(wait)};
}

Answer<client::ClientResponse> AwsApi::ask_once(const std::string& operation,
                                                const std::string& body, const AwsKeys& keys,
                                                Deadline deadline) {
  const std::string who = "source " + config_.name;
  const std::string region = aws_region(config_);
  if (!is_region(region)) {
    return failed(FailureKind::kLogin, who +
                                           ": no region is set, or one that is no name: give "
                                           "`region`, as in eu-west-1");
  }
  client::ClientRequest request;
  request.method = "POST";
  request.url = config_.endpoint.empty() ? aws_endpoint(service_.name, region) : config_.endpoint;
  // Host is said by us: libcurl 7.88 would sign it without its port.
  request.fields = {{"Host", authority_of(request.url)},
                    {"Content-Type", "application/x-amz-json-1.1"},
                    {"X-Amz-Target", service_.target_prefix + "." + operation}};
  if (keys.session_token.size() > 0) {
    request.secret_fields.push_back(
        {"X-Amz-Security-Token", base::Secret(keys.session_token.expose())});
  }
  request.aws_signing =
      client::AwsSigning{region, service_.name, keys.id, base::Secret(keys.secret.expose())};
  request.body = base::Secret(std::string_view(body));
  request.ca_file = config_.ca_file;
  request.connections = &connections_;
  return call(std::move(request), who, deadline, config_.connect_timeout);
}

Answer<client::ClientResponse> AwsApi::ask(const std::string& operation, const std::string& body,
                                           Deadline deadline) {
  for (bool again = false;; again = true) {
    auto keys = keyring_.keys(deadline);
    if (!keys) return std::unexpected(std::move(keys.error()));
    auto response = ask_once(operation, body, **keys, deadline);
    if (!response || response->status == 200 || again) return response;
    const FailureKind kind = read_aws_error(aws_reply(*response), "").kind;
    if (kind != FailureKind::kLogin && kind != FailureKind::kDenied) return response;
    keyring_.renounce(*keys);
  }
}

Answer<std::string> AwsApi::keys_for_people(Deadline deadline, base::UnixTime now) {
  auto keys = keyring_.keys(deadline);
  if (!keys) return std::unexpected(std::move(keys.error()));
  std::string text = "keys from " + (*keys)->from + " are taken";
  if ((*keys)->expires) {
    const auto left = ((*keys)->expires->microseconds - now.microseconds) / 60'000'000;
    text += ", good for " + std::to_string(left) + "m";
  }
  return text;
}

}  // namespace sutler::source
