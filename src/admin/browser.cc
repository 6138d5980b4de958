#include "admin/browser.h"

#include <algorithm>

namespace sutler::admin {

std::string_view host_without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const std::size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  // Two colons without brackets: an IPv6 address as it stands in the configuration.
  if (std::count(host.begin(), host.end(), ':') > 1) return host;
  return host.substr(0, host.find(':'));
}

std::string_view cookie_name(Secure secure) {
  return secure == Secure::kYes ? "__Host-sutler" : "sutler";
}

std::string_view session_cookie(const http::Request& request, Secure secure) {
  std::string_view found;
  std::size_t times = 0;
  for (const http::Field& field : request.fields) {
    if (!http::equal_fold(field.name, "cookie")) continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      pair.remove_prefix(std::min(pair.size(), pair.find_first_not_of(' ')));
      const std::size_t equals = pair.find('=');
      if (equals == std::string_view::npos || pair.substr(0, equals) != cookie_name(secure)) {
        continue;
      }
      found = pair.substr(equals + 1);
      ++times;
    }
  }
  return times == 1 ? found : std::string_view();
}

bool is_from_our_page(const http::Request& request) {
  const std::string_view site = request.field("sec-fetch-site");
  if (!site.empty()) return site == "same-origin" || site == "none";
  std::string_view origin = request.field("origin");
  if (origin.empty()) return true;
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (!origin.starts_with(scheme)) continue;
    origin.remove_prefix(scheme.size());
    return http::equal_fold(origin, request.field("host"));
  }
  return false;  // "null" and what is no web page
}

}  // namespace sutler::admin
