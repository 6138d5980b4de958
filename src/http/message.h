// One request as it came through the gate, and one response as a room wants it sent.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.h"

namespace sutler::http {

struct Field {
  std::string_view name;  // as written; compare without regard to case
  std::string_view value;
};

// Views into the connection's buffer: valid until the response was given.
struct Request {
  std::string_view method;
  std::string_view path;   // origin-form up to `?`
  std::string_view query;  // after `?`, or empty
  int minor_version = 1;   // HTTP/1.x
  std::span<const Field> fields;
  std::string_view authorization;  // the one field's value, or empty
  std::string_view body;
  std::string_view remote;  // "192.0.2.7", or "unix"
  std::string_view id;      // of this request, 16 hex digits; also sent as X-Request-Id
  // Of a peer on a unix socket (SO_PEERCRED); -1 elsewhere.
  std::int64_t peer_uid = -1;
  // Who that peer logged in as (/proc/PID/loginuid), which su and sudo leave as it is; -1: not
  // known.
  std::int64_t peer_login_uid = -1;
  bool tls = false;  // came over our own TLS
  bool has_authorization = false;

  // The first field of that name, or empty.
  [[nodiscard]] std::string_view field(std::string_view name) const;
};

// ASCII case-insensitive.
[[nodiscard]] bool equal_fold(std::string_view a, std::string_view b);

struct Response {
  int status = 200;
  std::string_view content_type = "application/json";
  // Complete lines "Name: value\r\n", to go with the fields that every answer has.
  std::string extra_fields;
  base::Secret body;
  enum class After { kKeepAlive, kClose } after = After::kKeepAlive;
};

// `application/problem+json` (RFC 9457); `code` is our snake_case name, `hint` may be empty.
[[nodiscard]] Response problem(int status, std::string_view code, std::string_view detail,
                               std::string_view hint = {});
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace sutler::http
