#include "source/aws/answers.h"

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/encoding.h"
#include "base/json.h"
#include "source/aws/locator.h"
#include "source/call.h"
#include "source/json_document.h"

namespace sutler::source {
namespace {

using boost::json::object;

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 5> kMissing = {
    "ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound",
    "ParameterVersionLabelNotFound", "ResourceNotFound"};
constexpr std::array<std::string_view, 3> kDenied = {"AccessDeniedException", "AccessDenied",
                                                     "UnauthorizedOperation"};
constexpr std::array<std::string_view, 16> kLogin = {"ExpiredTokenException",
                                                     "ExpiredToken",
                                                     "UnrecognizedClientException",
                                                     "InvalidSignatureException",
                                                     "SignatureDoesNotMatch",
                                                     "InvalidClientTokenId",
                                                     "IncompleteSignature",
                                                     "IncompleteSignatureException",
                                                     "MissingAuthenticationToken",
                                                     "MissingAuthenticationTokenException",
                                                     "InvalidAccessKeyId",
                                                     "RequestExpired",
                                                     "AuthFailure",
                                                     "NotAuthorized",
                                                     "OptInRequired",
                                                     "InvalidIdentityToken"};
constexpr std::array<std::string_view, 4> kBadReference = {
    "ValidationException", "InvalidParameterException", "InvalidParameterValue",
    "UnsupportedParameterType"};

std::optional<boost::json::value> json_object(std::string_view body) {
  auto value = base::parse_json(body);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(*value);
}

std::string_view text_of(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

const boost::json::array* array_of(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  return member == nullptr ? nullptr : member->if_array();
}

// "com.amazonaws.x#AccessDeniedException:http://…" -> "AccessDeniedException"; nothing that could
// be more than the name of a fault.
std::string fault_name(std::string_view text) {
  if (const auto hash = text.rfind('#'); hash != std::string_view::npos) {
    text.remove_prefix(hash + 1);
  }
  text = text.substr(0, text.find(':'));
  const bool plain = !text.empty() && text.size() <= 64 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.';
  });
  return plain ? std::string(text) : std::string();
}

std::unexpected<Failure> nonsense(const AwsReply& reply, const std::string& who) {
  return failed(FailureKind::kOutage, who + ": status " + std::to_string(reply.status) +
                                          " with an answer that is not AWS's");
}

std::optional<Document> secret_in(const object& from) {
  const auto* string = from.if_contains("SecretString");
  if (string != nullptr && string->is_string()) {
    return document_of_text(base::Secret(text_of(from, "SecretString")));
  }
  const auto* binary = from.if_contains("SecretBinary");
  if (binary == nullptr || !binary->is_string()) return std::nullopt;
  auto bytes = base::base64_decode(text_of(from, "SecretBinary"));
  if (!bytes) return std::nullopt;
  Document document;
  document.bytes = base::Secret(std::move(*bytes));
  return document;
}

// The text between `<name>` and `</name>`, the first; no attributes, no entities.
std::string_view element(std::string_view xml, const std::string& name) {
  const std::string open = "<" + name + ">", close = "</" + name + ">";
  const auto from = xml.find(open);
  if (from == std::string_view::npos) return {};
  const auto to = xml.find(close, from);
  if (to == std::string_view::npos) return {};
  const std::string_view text = xml.substr(from + open.size(), to - from - open.size());
  return text.find_first_of("<&") == std::string_view::npos ? text : std::string_view();
}

}  // namespace

Failure aws_failure(std::string_view code, const std::string& who) {
  const std::string name = fault_name(code);
  Failure failure{FailureKind::kOutage, who + (name.empty() ? "" : ": " + name),
                  std::chrono::seconds(0)};
  if (is_one_of(name, kMissing)) failure.kind = FailureKind::kMissing;
  if (is_one_of(name, kDenied)) failure.kind = FailureKind::kDenied;
  if (is_one_of(name, kLogin)) failure.kind = FailureKind::kLogin;
  if (is_one_of(name, kBadReference)) failure.kind = FailureKind::kBadReference;
  return failure;
}

Failure read_aws_error(const AwsReply& reply, const std::string& who) {
  const auto body = json_object(reply.body);
  // The stores answer in JSON; what stands in their place (moto, LocalStack) refuses keys in XML.
  const std::string_view type =
      body ? text_of(body->get_object(), "__type") : element(reply.body, "Code");
  // Only a 400 or 403 that is in AWS's own form says something about the value.
  const bool says = (reply.status == 400 || reply.status == 403 || reply.status == 404) &&
                    !fault_name(type).empty();
  if (!says) {
    const std::string name = fault_name(type);
    return {FailureKind::kOutage,
            who + ": status " + std::to_string(reply.status) + (name.empty() ? "" : ", " + name),
            reply.retry_after};
  }
  Failure failure = aws_failure(type, who);
  failure.retry_after = reply.retry_after;
  if (body && fault_name(type) == "InvalidRequestException") {
    // Marked for deletion: there until then, but given to nobody.
    const std::string_view words = text_of(body->get_object(), "Message").empty()
                                       ? text_of(body->get_object(), "message")
                                       : text_of(body->get_object(), "Message");
    const bool deleted = words.contains("marked for deletion") ||
                         words.contains("marked deleted") ||
                         words.contains("scheduled for deletion");
    failure.kind = deleted ? FailureKind::kMissing : FailureKind::kBadReference;
  }
  return failure;
}

Answer<Document> read_secret_value(const AwsReply& reply, const std::string& who) {
  if (reply.status != 200) return std::unexpected(read_aws_error(reply, who));
  const auto body = json_object(reply.body);
  auto document = body ? secret_in(body->get_object()) : std::nullopt;
  if (!document) return nonsense(reply, who);
  return std::move(*document);
}

Answer<std::vector<AwsEntry>> read_secret_batch(const AwsReply& reply, const std::string& who) {
  if (reply.status != 200) return std::unexpected(read_aws_error(reply, who));
  const auto body = json_object(reply.body);
  const auto* values = body ? array_of(body->get_object(), "SecretValues") : nullptr;
  const auto* errors = body ? array_of(body->get_object(), "Errors") : nullptr;
  if (values == nullptr && errors == nullptr) return nonsense(reply, who);
  std::vector<AwsEntry> entries;
  if (values != nullptr) {
    for (const auto& value : *values) {
      const object* entry = value.if_object();
      auto document = entry == nullptr ? std::nullopt : secret_in(*entry);
      if (!document) return nonsense(reply, who);
      entries.push_back({std::string(text_of(*entry, "Name")), std::string(text_of(*entry, "ARN")),
                         std::move(*document)});
    }
  }
  if (errors != nullptr) {
    for (const auto& value : *errors) {
      const object* entry = value.if_object();
      if (entry == nullptr) return nonsense(reply, who);
      std::string id(text_of(*entry, "SecretId"));
      auto failure = aws_failure(text_of(*entry, "ErrorCode"), who);
      entries.push_back({id, id, std::unexpected(std::move(failure))});
    }
  }
  return entries;
}

Answer<std::vector<AwsEntry>> read_parameters(const AwsReply& reply, const std::string& who) {
  if (reply.status != 200) return std::unexpected(read_aws_error(reply, who));
  const auto body = json_object(reply.body);
  const auto* values = body ? array_of(body->get_object(), "Parameters") : nullptr;
  if (values == nullptr) return nonsense(reply, who);
  std::vector<AwsEntry> entries;
  for (const auto& value : *values) {
    const object* entry = value.if_object();
    const auto* text = entry == nullptr ? nullptr : entry->if_contains("Value");
    if (text == nullptr || !text->is_string()) return nonsense(reply, who);
    entries.push_back({std::string(text_of(*entry, "Name")), std::string(text_of(*entry, "ARN")),
                       document_of_text(base::Secret(text_of(*entry, "Value")))});
  }
  if (const auto* invalid = array_of(body->get_object(), "InvalidParameters")) {
    for (const auto& value : *invalid) {
      const auto* name = value.if_string();
      if (name == nullptr) return nonsense(reply, who);
      const std::string asked = bare_parameter({name->data(), name->size()});
      entries.push_back(
          {asked, asked, failed(FailureKind::kMissing, who + ": there is no such parameter")});
    }
  }
  return entries;
}

Answer<AwsKeys> read_endpoint_keys(const AwsReply& reply, const std::string& who) {
  if (reply.status == 429 || reply.status >= 500) {
    return failed(FailureKind::kOutage, who + ": status " + std::to_string(reply.status),
                  reply.retry_after);
  }
  if (reply.status != 200) {
    return failed(FailureKind::kLogin, who + ": status " + std::to_string(reply.status));
  }
  const auto body = json_object(reply.body);
  if (!body) return nonsense(reply, who);
  const object& from = body->get_object();
  AwsKeys keys;
  keys.id = text_of(from, "AccessKeyId");
  keys.secret = base::LockedBytes(text_of(from, "SecretAccessKey"));
  keys.session_token = base::LockedBytes(text_of(from, "Token"));
  const std::string_view expires = text_of(from, "Expiration");
  if (!expires.empty()) keys.expires = base::parse_rfc3339(expires);
  if (keys.id.empty() || keys.secret.size() == 0 || (!expires.empty() && !keys.expires)) {
    return nonsense(reply, who);
  }
  return keys;
}

Answer<AwsKeys> read_assumed_role(const AwsReply& reply, const std::string& who) {
  if (reply.status != 200) {
    const std::string name = fault_name(element(reply.body, "Code"));
    // The identity provider was not asked, or not now: not a refusal.
    const bool refused = reply.status < 500 && reply.status != 429 && !name.empty() &&
                         !name.starts_with("Throttl") && name != "IDPCommunicationError";
    return failed(
        refused ? FailureKind::kLogin : FailureKind::kOutage,
        who + ": status " + std::to_string(reply.status) + (name.empty() ? "" : ", " + name),
        reply.retry_after);
  }
  AwsKeys keys;
  keys.id = element(reply.body, "AccessKeyId");
  keys.secret = base::LockedBytes(element(reply.body, "SecretAccessKey"));
  keys.session_token = base::LockedBytes(element(reply.body, "SessionToken"));
  keys.expires = base::parse_rfc3339(element(reply.body, "Expiration"));
  if (keys.id.empty() || keys.secret.size() == 0 || keys.session_token.size() == 0 ||
      !keys.expires) {
    return nonsense(reply, who);
  }
  return keys;
}

}  // namespace sutler::source
