// libcurl's handles, which own their connections: made for one call, or kept in Connections.
#pragma once

#include <curl/curl.h>

#include <memory>

#include "client/http_client.h"

namespace sutler::client {

struct EasyCloser {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Easy = std::unique_ptr<CURL, EasyCloser>;

// A handle for one call, without any option set; given back to `from` (or closed) at the end.
// `easy` is null when libcurl cannot make one.
struct Borrowed {
  explicit Borrowed(Connections* from);
  ~Borrowed();
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;

  Easy easy;

 private:
  Connections* from_;
};

}  // namespace sutler::client
