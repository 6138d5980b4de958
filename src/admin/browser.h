// What the fields of a request say about the browser that sent it. Pure functions.
#pragma once

#include <string_view>

#include "http/message.h"

namespace sutler::admin {

// "[::1]:8081" is "::1", "localhost:8081" is "localhost".
[[nodiscard]] std::string_view host_without_port(std::string_view host);

// Over TLS the name has the prefix that browsers keep other hosts and plain HTTP from setting
// (RFC 6265bis, section 4.1.3.2).
enum class Secure { kNo, kYes };
[[nodiscard]] std::string_view cookie_name(Secure secure);
// The value of our cookie; empty when it is not there or is there more than once, since then
// somebody else set one of them.
[[nodiscard]] std::string_view session_cookie(const http::Request& request, Secure secure);

// Whether our own page, the address bar or no browser at all sent it: by Sec-Fetch-Site where there
// is one, else by Origin against Host.
[[nodiscard]] bool is_from_our_page(const http::Request& request);

}  // namespace sutler::admin
