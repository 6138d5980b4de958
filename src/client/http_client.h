// One outgoing HTTP request and its answer, by libcurl: to a URL or to a unix socket.
//
// Never follows a redirect: where secrets go is said by whoever asks, not by who answers.
// Certificates are always checked. Proxies of the environment (`https_proxy`) are used for URLs but
// never for loopback addresses and sockets. Thread-safe: every call has a connection of its own.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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

struct ClientRequest {
  std::string method = "GET";
  // `http://…` or `https://…`, without user and password. With a socket the host only fills `Host`.
  std::string url;
  std::filesystem::path unix_socket = {};   // not empty: connect there
  std::vector<Field> fields = {};           // header fields that are not secret
  std::optional<base::Secret> bearer = {};  // `Authorization: Bearer …`
  std::optional<base::Secret> body = {};
  std::filesystem::path ca_file = {};  // PEM; empty: the system's
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
// kInvalid: a URL, header field or CA file that cannot be used (kNotFound when there is no such CA
// file); kTooLarge: the answer is over response_bytes_max. The message names the URL without query,
// or the socket; never a header field or the body.
[[nodiscard]] base::Result<ClientResponse> send(const ClientRequest& request);

// The URL as it may be shown: without query and fragment. kInvalid when it is no http or https URL
// or holds user and password.
[[nodiscard]] base::Result<std::string> printable_url(std::string_view url);

}  // namespace sutler::client
