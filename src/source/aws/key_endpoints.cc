// Keys from HTTP endpoints beside the workload: of a container (ECS, EKS Pod Identity) and of an
// instance (EC2, version 2 of its metadata service only).
#include <algorithm>
#include <utility>

#include "source/aws/key_sources.h"
#include "source/call.h"

namespace sutler::source {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kConnectTime{1'000};
constexpr milliseconds kMetadataTime{2'000};  // of each of three calls

std::string who(const AwsConfig& config, const char* what) {
  return "source " + config.name + ": " + what;
}

AwsReply reply_of(const client::ClientResponse& response) {
  return {response.status, response.body.expose(), {}};
}

// "host" of `scheme://host[:port]/…`, with its brackets when it is an IPv6 address.
std::string_view host_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find_first_of("/?#"));
  if (url.contains('@') || url.contains('\\')) return {};
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    return end == std::string_view::npos ? std::string_view() : url.substr(0, end + 1);
  }
  return url.substr(0, url.find(':'));
}

bool is_loopback_address(std::string_view host) {
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

Deadline soon(Deadline deadline) {
  return std::min(deadline, std::chrono::steady_clock::now() + kMetadataTime);
}

client::ClientRequest metadata_request(const AwsConfig& config, const std::string& path) {
  client::ClientRequest request;
  request.url = config.metadata_endpoint;
  while (request.url.ends_with('/')) request.url.pop_back();
  request.url += path;
  request.proxies = client::Proxies::kNone;
  return request;
}

Answer<client::ClientResponse> ask_metadata(const AwsConfig& config, const std::string& path,
                                            const base::Secret& session, Deadline deadline) {
  auto request = metadata_request(config, path);
  request.secret_fields.push_back({"X-aws-ec2-metadata-token", session.clone()});
  return call(std::move(request), who(config, "instance metadata"), soon(deadline), kConnectTime);
}

// The name of a role becomes part of a path.
bool is_role(std::string_view text) {
  return !text.empty() && text.size() <= 256 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("+=,.@_-").contains(c);
  });
}

}  // namespace

bool is_container_endpoint(const std::string& url) {
  const std::string_view host = host_of(url);
  if (host.empty()) return false;
  if (url.starts_with("https://")) return true;
  if (!url.starts_with("http://")) return false;
  return is_loopback_address(host) || host == "169.254.170.2" || host == "169.254.170.23" ||
         host == "[fd00:ec2::23]";
}

FoundKeys container_keys(const AwsConfig& config, Deadline deadline) {
  const auto relative = aws_variable(config, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = aws_variable(config, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return std::nullopt;
  client::ClientRequest request;
  request.url = relative ? "http://169.254.170.2" + *relative : *full;
  const std::string shown = who(config, "container endpoint");
  if ((relative && !relative->starts_with('/')) || !is_container_endpoint(request.url)) {
    return failed(FailureKind::kLogin,
                  shown +
                      ": keys are asked for by https, or by http on this machine and the "
                      "addresses of ECS and EKS only");
  }
  if (const auto file = aws_variable(config, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")) {
    auto token = credential_from_file(*file).read({}, deadline);
    if (!token) return failed(FailureKind::kLogin, shown + ": " + token.error().message);
    request.secret_fields.push_back({"Authorization", std::move(*token)});
  } else if (auto token = aws_variable(config, "AWS_CONTAINER_AUTHORIZATION_TOKEN")) {
    request.secret_fields.push_back({"Authorization", base::Secret(std::move(*token))});
  }
  request.fields = {{"Accept", "application/json"}};
  request.proxies = client::Proxies::kNone;
  auto response = call(std::move(request), shown, deadline, kConnectTime);
  if (!response) return std::unexpected(std::move(response.error()));
  auto keys = read_endpoint_keys(reply_of(*response), shown);
  if (keys) keys->from = "the container endpoint";
  return keys;
}

FoundKeys instance_keys(const AwsConfig& config, Deadline deadline) {
  if (aws_variable(config, "AWS_EC2_METADATA_DISABLED").value_or("") == "true") {
    return std::nullopt;
  }
  const std::string shown = who(config, "instance metadata");
  auto start = metadata_request(config, "/latest/api/token");
  start.method = "PUT";
  start.fields = {{"X-aws-ec2-metadata-token-ttl-seconds", "300"}};
  auto session = call(std::move(start), shown, soon(deadline), kConnectTime);
  if (!session) return std::unexpected(std::move(session.error()));
  if (session->status != 200) {
    return failed(session->status >= 500 ? FailureKind::kOutage : FailureKind::kLogin,
                  shown + ": status " + std::to_string(session->status));
  }
  const std::string path = "/latest/meta-data/iam/security-credentials/";
  auto roles = ask_metadata(config, path, session->body, deadline);
  if (!roles) return std::unexpected(std::move(roles.error()));
  std::string_view role = roles->body.expose();
  role = role.substr(0, role.find_first_of("\r\n"));
  if (roles->status != 200 || !is_role(role)) {
    return failed(roles->status >= 500 ? FailureKind::kOutage : FailureKind::kLogin,
                  shown + ": the instance has no role");
  }
  auto response = ask_metadata(config, path + std::string(role), session->body, deadline);
  if (!response) return std::unexpected(std::move(response.error()));
  auto keys = read_endpoint_keys(reply_of(*response), shown);
  if (keys) keys->from = "instance metadata";
  return keys;
}

}  // namespace sutler::source
