#include "source/vault/answers.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "base/json.h"
#include "source/call.h"
#include "source/json_document.h"

namespace sutler::source {
namespace {

using boost::json::object;
using std::chrono::seconds;

std::optional<boost::json::value> json_object(std::string_view body) {
  auto value = base::parse_json(body);
  if (!value || !value->is_object()) return std::nullopt;
  return std::move(*value);
}

const object* member_object(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  return member == nullptr ? nullptr : member->if_object();
}

// A whole number that is not negative; 0 when there is none.
seconds member_seconds(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  if (member == nullptr || !member->is_int64() || member->get_int64() < 0) return seconds(0);
  constexpr std::int64_t most = 100LL * 365 * 24 * 60 * 60;
  return seconds(std::min(member->get_int64(), most));
}

std::string_view member_text(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  const auto* text = member == nullptr ? nullptr : member->if_string();
  return text == nullptr ? std::string_view() : std::string_view(text->data(), text->size());
}

bool member_true(const object& from, std::string_view name) {
  const auto* member = from.if_contains(name);
  return member != nullptr && member->is_bool() && member->get_bool();
}

enum class Errors { kNone, kEmpty, kSome };  // the member `errors`

struct Told {
  Errors errors = Errors::kNone;
  bool no_route = false;  // nothing is mounted there
  bool sealed = false;
};

// Vault's own words are only looked at, never passed on.
Told told(const object& body) {
  const auto* member = body.if_contains("errors");
  const auto* errors = member == nullptr ? nullptr : member->if_array();
  if (errors == nullptr) return {};
  Told out{.errors = errors->empty() ? Errors::kEmpty : Errors::kSome};
  for (const auto& error : *errors) {
    const auto* text = error.if_string();
    if (text == nullptr) continue;
    const std::string_view words(text->data(), text->size());
    out.no_route = out.no_route || words.contains("no handler for route");
    out.sealed = out.sealed || words.contains("sealed");
  }
  return out;
}

std::unexpected<Failure> outage(const VaultReply& reply, const std::string& who) {
  const auto body = json_object(reply.body);
  const std::string status = who + ": status " + std::to_string(reply.status);
  if (reply.status / 100 == 3) {
    return failed(FailureKind::kOutage, status +
                                            ", a redirect, which is not followed: give the "
                                            "address of the active node");
  }
  const bool sealed = reply.status == 503 && body && told(body->get_object()).sealed;
  return failed(FailureKind::kOutage, status + (sealed ? ", it is sealed" : ""), reply.retry_after);
}

std::unexpected<Failure> nonsense(const VaultReply& reply, const std::string& who) {
  return failed(FailureKind::kOutage, who + ": status " + std::to_string(reply.status) +
                                          " with an answer that is not Vault's");
}

bool is_refusal(int status) {
  return status == 400 || status == 401 || status == 403 || status == 404 || status == 405;
}

Answer<VaultToken> auth_of(const VaultReply& reply, const std::string& who) {
  const auto body = json_object(reply.body);
  if (is_refusal(reply.status)) {
    if (!body) return nonsense(reply, who);
    return failed(FailureKind::kLogin,
                  who + " was refused: status " + std::to_string(reply.status));
  }
  if (reply.status != 200) return outage(reply, who);
  const object* auth = body ? member_object(body->get_object(), "auth") : nullptr;
  if (auth == nullptr) return nonsense(reply, who);
  VaultToken token{base::Secret(member_text(*auth, "client_token")), std::nullopt,
                   member_true(*auth, "renewable")};
  const seconds lease = member_seconds(*auth, "lease_duration");
  if (lease.count() > 0) token.good_for = lease;
  return token;
}

std::optional<Document> document_in(std::string_view body, int kv_version) {
  const std::string_view data = raw_member(body, "data");
  return document_of_object(kv_version == 2 ? raw_member(data, "data") : data);
}

// A v1 secret's lease is the default of the server unless the secret has a `ttl` of its own.
std::optional<seconds> own_lease(const object& body) {
  const object* data = member_object(body, "data");
  if (data == nullptr || (!data->contains("ttl") && !data->contains("lease"))) return std::nullopt;
  const seconds lease = member_seconds(body, "lease_duration");
  if (lease.count() == 0) return std::nullopt;
  return lease;
}

Answer<Document> not_found(const VaultReply& reply, const object& body, const std::string& who) {
  const object* data = member_object(body, "data");
  if (data != nullptr && member_object(*data, "metadata") != nullptr) {
    return failed(FailureKind::kMissing, who + " is deleted");
  }
  const Told words = told(body);
  if (words.errors == Errors::kEmpty) {
    return failed(FailureKind::kMissing, who + " does not exist");
  }
  if (words.no_route) {
    return failed(FailureKind::kBadReference, who + ": nothing is mounted there");
  }
  return nonsense(reply, who);
}

}  // namespace

Answer<VaultToken> read_login(const VaultReply& reply, const std::string& who) {
  auto token = auth_of(reply, who);
  if (token && token->token.empty()) return nonsense(reply, who);
  return token;
}

Answer<VaultToken> read_renewal(const VaultReply& reply, const std::string& who) {
  return auth_of(reply, who);
}

Answer<VaultToken> read_lookup(const VaultReply& reply, const std::string& who) {
  const auto body = json_object(reply.body);
  if (is_refusal(reply.status)) {
    if (!body) return nonsense(reply, who);
    return failed(FailureKind::kLogin, who +
                                           ": the token is not known, or may not look itself up "
                                           "(auth/token/lookup-self): status " +
                                           std::to_string(reply.status));
  }
  if (reply.status != 200) return outage(reply, who);
  const object* data = body ? member_object(body->get_object(), "data") : nullptr;
  if (data == nullptr || !data->contains("ttl")) return nonsense(reply, who);
  VaultToken token;
  token.renewable = member_true(*data, "renewable");
  const seconds ttl = member_seconds(*data, "ttl");
  const auto* ends = data->if_contains("expire_time");
  if (ttl.count() > 0 || (ends != nullptr && !ends->is_null())) token.good_for = ttl;
  return token;
}

Answer<VaultMountFound> read_mount(const VaultReply& reply, const std::string& who) {
  const auto body = json_object(reply.body);
  if (reply.status == 401 || reply.status == 403) {
    if (!body) return nonsense(reply, who);
    return failed(FailureKind::kDenied, who + ": status " + std::to_string(reply.status));
  }
  if (reply.status == 404 && body) {
    return failed(FailureKind::kBadReference, who + ": nothing is mounted there");
  }
  if (reply.status != 200) return outage(reply, who);
  const object* data = body ? member_object(body->get_object(), "data") : nullptr;
  if (data == nullptr) return nonsense(reply, who);
  VaultMountFound mount{std::string(member_text(*data, "path")), 1};
  while (mount.path.ends_with('/')) mount.path.pop_back();
  const std::string_view type = member_text(*data, "type");
  if (mount.path.empty() || type.empty()) return nonsense(reply, who);
  if (type != "kv" && type != "generic") {
    return failed(FailureKind::kBadReference, who + ": what is mounted there is no KV store");
  }
  const object* options = member_object(*data, "options");
  if (options != nullptr && member_text(*options, "version") == "2") mount.kv_version = 2;
  return mount;
}

Answer<Document> read_kv(const VaultReply& reply, int kv_version, const std::string& who) {
  const auto body = json_object(reply.body);
  switch (reply.status) {
    case 200: break;
    case 401:
    case 403:
      if (!body) return nonsense(reply, who);
      return failed(FailureKind::kDenied, who + ": status " + std::to_string(reply.status));
    case 404:
      if (!body) return nonsense(reply, who);
      return not_found(reply, body->get_object(), who);
    case 405:
      if (!body) return nonsense(reply, who);
      return failed(FailureKind::kBadReference, who + ": status 405, it cannot be read there");
    default: return outage(reply, who);
  }
  if (!body) return nonsense(reply, who);
  auto document = document_in(reply.body, kv_version);
  if (!document) {
    const object* data = member_object(body->get_object(), "data");
    const bool emptied = kv_version == 2 && data != nullptr && data->contains("data") &&
                         data->at("data").is_null() && member_object(*data, "metadata") != nullptr;
    if (emptied) return failed(FailureKind::kMissing, who + " is deleted");
    return nonsense(reply, who);
  }
  if (kv_version == 1) document->good_for = own_lease(body->get_object());
  return std::move(*document);
}

}  // namespace sutler::source
