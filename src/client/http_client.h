// One outgoing HTTP request and its answer, by libcurl: to a URL or to a unix socket.
//
// Never follows a redirect: where secrets go is said by whoever asks, not by who answers.
// Certificates are always checked. Proxies of the environment (`https_proxy`) are used for URLs but
// never for loopback addresses and sockets. Thread-safe: a call has a connection of its own, or one
// that Connections kept from an earlier call.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "base/secret.h"

namespace sutler::client {

struct Field {
  std::string name;
  std::string value;
};

struct SecretField {
  std::string name;
  base::Secret value;
};

// Signs the request by AWS Signature Version 4 with all `fields` and `secret_fields`. Only for
// paths and queries that need no escape and have no order (libcurl 7.88 signs others wrongly).
struct AwsSigning {
  std::string region;
  std::string service;
  std::string key_id;
  base::Secret secret_key;
};

enum class Proxies { kOfEnvironment, kNone };

// Connections that are kept open between calls to one server with the same certificates.
// Thread-safe; must outlive the calls that use it.
class Connections {
 public:
  Connections();
  ~Connections();
  Connections(const Connections&) = delete;
  Connections& operator=(const Connections&) = delete;

  struct Idle;

 private:
  friend struct Borrowed;
  std::unique_ptr<Idle> idle_;
};

struct ClientRequest {
  std::string method = "GET";
  // `http://…` or `https://…`, without user and password. With a socket the host only fills `Host`.
  std::string url;
  std::filesystem::path unix_socket = {};  // not empty: connect there
  std::vector<Field> fields = {};          // header fields that are not secret
  std::vector<SecretField> secret_fields = {};
  std::optional<base::Secret> bearer = {};  // `Authorization: Bearer …`
  std::optional<AwsSigning> aws_signing = {};
  std::optional<base::Secret> body = {};
  std::filesystem::path ca_file = {};             // PEM; empty: the system's
  std::filesystem::path client_certificate = {};  // PEM, with client_key; empty: none is shown
  std::filesystem::path client_key = {};
  Proxies proxies = Proxies::kOfEnvironment;
  Connections* connections = nullptr;  // null: one for this call alone
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds total_timeout{60'000};
  std::size_t response_bytes_max = base::limits::kAdminBodyBytesMax;
};

struct ClientResponse {
  int status = 0;
  std::string content_type;  // as sent, may be empty
  std::string etag;          // the field ETag as sent, may be empty
  base::Secret body;
  std::int64_t retry_after_seconds = 0;  // of Retry-After; 0: there was none
};

// Any answer is a success here, 404 and 503 as well. kUnreachable: nobody there, cut off, too slow,
// or a certificate that does not hold; kRefused: the socket may not be opened by this user;
// kInvalid: a URL, header field, CA or certificate file that cannot be used (kNotFound when there
// is no such file); kTooLarge: the answer is over response_bytes_max. The message names the URL
// without query, or the socket; never a header field or the body.
[[nodiscard]] base::Result<ClientResponse> send(const ClientRequest& request);

// The URL as it may be shown: without query and fragment. kInvalid when it is no http or https URL
// or holds user and password.
[[nodiscard]] base::Result<std::string> printable_url(std::string_view url);

}  // namespace sutler::client
