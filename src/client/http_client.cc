#include "client/http_client.h"

#include <curl/curl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

#include "base/file.h"
#include "base/utf8.h"
#include "base/wipe.h"
#include "client/connections.h"
#include "client/curl_memory.h"

namespace sutler::client {
namespace {

using base::Code;

struct ListCloser {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using List = std::unique_ptr<curl_slist, ListCloser>;

struct UrlCloser {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlCloser>;

// What libcurl's callback fills.
struct Received {
  std::string body;
  std::size_t bytes_max = 0;
  bool too_large = false;
};

std::size_t receive(char* data, std::size_t, std::size_t bytes, void* target) {
  auto& received = *static_cast<Received*>(target);
  if (received.body.size() + bytes > received.bytes_max) {
    received.too_large = true;
    return 0;
  }
  if (received.body.size() + bytes > received.body.capacity()) {
    // Grown by hand: a string that grows by itself would leave copies of its content behind.
    std::string larger;
    larger.reserve((received.body.size() + bytes) * 2);
    larger = received.body;
    base::wipe(received.body);
    received.body.swap(larger);
  }
  received.body.append(data, bytes);
  return bytes;
}

std::string url_part(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, 0) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.starts_with("127.");
}

base::Result<Url> parse_url(std::string_view text) {
  initialise_curl();
  Url url(curl_url());
  constexpr std::string_view hint = "give it as http://HOST:PORT/ or https://HOST/";
  if (base::has_control(text) || !url ||
      curl_url_set(url.get(), CURLUPART_URL, std::string(text).c_str(), 0) != CURLUE_OK) {
    return base::fail(Code::kInvalid, "the URL cannot be understood", std::string(hint));
  }
  const std::string scheme = url_part(url.get(), CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https") {
    return base::fail(Code::kInvalid, "the URL is neither http nor https", std::string(hint));
  }
  if (!url_part(url.get(), CURLUPART_USER).empty() ||
      !url_part(url.get(), CURLUPART_PASSWORD).empty()) {
    return base::fail(Code::kInvalid, "a user and password in a URL are not taken",
                      std::string(hint));
  }
  return url;
}

std::string shown(CURLU* url) {
  const std::string port = url_part(url, CURLUPART_PORT);
  return url_part(url, CURLUPART_SCHEME) + "://" + url_part(url, CURLUPART_HOST) +
         (port.empty() ? "" : ":" + port) + url_part(url, CURLUPART_PATH);
}

// All header fields as libcurl wants them. Gives nothing when one holds a control character,
// which would let it end its line.
std::optional<List> header_list(const ClientRequest& request) {
  List list;
  const auto append = [&list](const std::string& line) {
    if (base::has_control(line)) return false;
    curl_slist* longer = curl_slist_append(list.get(), line.c_str());
    if (longer == nullptr) return false;
    (void)list.release();
    list.reset(longer);
    return true;
  };
  // No round trip before a large body. libcurl 7.88 would sign this field although it is not sent.
  bool good = request.aws_signing.has_value() || append("Expect:");
  for (const Field& field : request.fields) good = good && append(field.name + ": " + field.value);
  const auto append_secret = [&append](std::string line, const base::Secret& value) {
    line.reserve(line.size() + value.size());
    line += value.expose();
    const bool appended = append(line);
    base::wipe(line);
    return appended;
  };
  for (const SecretField& field : request.secret_fields) {
    good = good && append_secret(field.name + ": ", field.value);
  }
  if (request.bearer) good = good && append_secret("Authorization: Bearer ", *request.bearer);
  if (!good) return std::nullopt;
  return list;
}

void set_method(CURL* easy, const ClientRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    return;
  }
  const bool takes_body =
      request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.body || takes_body) {
    const std::string_view body = request.body ? request.body->expose() : std::string_view();
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body.empty() ? "" : body.data());
  }
  curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void set_connection(CURL* easy, const ClientRequest& request, CURLU* url) {
  curl_easy_setopt(easy, CURLOPT_CURLU, url);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "sutler");
  curl_easy_setopt(easy, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, static_cast<long>(request.total_timeout.count()));
  if (!request.unix_socket.empty()) {
    curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, request.unix_socket.c_str());
  }
  if (!request.unix_socket.empty() || request.proxies == Proxies::kNone ||
      is_loopback(url_part(url, CURLUPART_HOST))) {
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
  }
  if (!request.ca_file.empty()) curl_easy_setopt(easy, CURLOPT_CAINFO, request.ca_file.c_str());
  if (!request.client_certificate.empty()) {
    curl_easy_setopt(easy, CURLOPT_SSLCERT, request.client_certificate.c_str());
    curl_easy_setopt(easy, CURLOPT_SSLKEY, request.client_key.c_str());
  }
}

void set_signing(CURL* easy, const AwsSigning& signing) {
  const std::string scope = "aws:amz:" + signing.region + ":" + signing.service;
  curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, scope.c_str());
  curl_easy_setopt(easy, CURLOPT_USERNAME, signing.key_id.c_str());
  std::string key(signing.secret_key.expose());
  curl_easy_setopt(easy, CURLOPT_PASSWORD, key.c_str());
  base::wipe(key);
}

bool is_tls_fault(CURLcode code) {
  return code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION ||
         code == CURLE_SSL_CERTPROBLEM || code == CURLE_SSL_CIPHER ||
         code == CURLE_SSL_ISSUER_ERROR;
}

base::Unexpected socket_error(const std::string& path, int error) {
  if (error == EACCES || error == EPERM) {
    return base::fail(Code::kRefused, "socket " + path + " may not be used by this user",
                      "run it as root or as the user that runs the server");
  }
  if (error == ENAMETOOLONG) {
    return base::fail(Code::kInvalid, "socket path " + path + " is longer than the system allows");
  }
  const std::string why = error == ENOENT         ? "there is no such socket"
                          : error == ECONNREFUSED ? "nobody listens there"
                          : error == 0            ? "no connection"
                                                  : std::generic_category().message(error);
  return base::fail(Code::kUnreachable, "no answer from socket " + path + ": " + why);
}

base::Unexpected transfer_error(CURL* easy, CURLcode code, const ClientRequest& request,
                                const std::string& where, const char* details) {
  long error = 0;
  curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &error);
  if (code == CURLE_COULDNT_CONNECT && !request.unix_socket.empty()) {
    return socket_error(request.unix_socket.string(), static_cast<int>(error));
  }
  if (code == CURLE_SSL_CACERT_BADFILE) {
    return base::fail(Code::kInvalid,
                      "CA file " + request.ca_file.string() + " cannot be read as PEM");
  }
  if (is_tls_fault(code)) {
    // libcurl's own words name the fault of the certificate; they quote nothing of the request.
    return base::fail(Code::kUnreachable,
                      "no TLS connection with " + where + ": " +
                          (*details != '\0' ? details : curl_easy_strerror(code)),
                      "name the CA that signed its certificate with --cacert");
  }
  std::string why = curl_easy_strerror(code);
  if (code == CURLE_COULDNT_CONNECT && error != 0) {
    why = std::generic_category().message(static_cast<int>(error));
  }
  return base::fail(Code::kUnreachable, "no answer from " + where + ": " + why);
}

base::Result<void> check_files(const ClientRequest& request) {
  const auto readable = [](const char* what, const std::filesystem::path& file) {
    if (file.empty() || ::access(file.c_str(), R_OK) == 0) return base::Result<void>();
    return base::Result<void>(base::fail_errno(errno, what + file.string() + " cannot be opened"));
  };
  if (auto ca = readable("CA file ", request.ca_file); !ca) return ca;
  if (auto own = readable("certificate ", request.client_certificate); !own) return own;
  return readable("key ", request.client_key);
}

}  // namespace

base::Result<std::string> printable_url(std::string_view url) {
  auto parsed = parse_url(url);
  if (!parsed) return base::pass(parsed);
  return shown(parsed->get());
}

base::Result<ClientResponse> send(const ClientRequest& request) {
  auto url = parse_url(request.url);
  if (!url) return base::pass(url);
  const std::string where =
      request.unix_socket.empty() ? shown(url->get()) : "socket " + request.unix_socket.string();
  if (auto readable = check_files(request); !readable) return base::pass(readable);
  const Borrowed borrowed(request.connections);
  const auto& easy = borrowed.easy;
  const auto headers = header_list(request);
  if (!headers) {
    return base::fail(Code::kInvalid,
                      "a header field of the request to " + where + " holds a control character",
                      "a token is one line of text without spaces around it");
  }
  if (!easy) return base::fail(Code::kInternal, "libcurl cannot be started");

  Received received;
  received.bytes_max = request.response_bytes_max;
  char details[CURL_ERROR_SIZE] = {};
  set_connection(easy.get(), request, url->get());
  set_method(easy.get(), request);
  if (request.aws_signing) set_signing(easy.get(), *request.aws_signing);
  curl_easy_setopt(easy.get(), CURLOPT_HTTPHEADER, headers->get());
  curl_easy_setopt(easy.get(), CURLOPT_ERRORBUFFER, details);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEFUNCTION, receive);
  curl_easy_setopt(easy.get(), CURLOPT_WRITEDATA, &received);
  const CURLcode code = curl_easy_perform(easy.get());
  base::Secret body(std::move(received.body));
  if (received.too_large) {
    return base::fail(Code::kTooLarge, "the answer from " + where + " is larger than " +
                                           std::to_string(request.response_bytes_max) + " bytes");
  }
  if (code != CURLE_OK) return transfer_error(easy.get(), code, request, where, details);

  long status = 0;
  char* content_type = nullptr;
  curl_easy_getinfo(easy.get(), CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(easy.get(), CURLINFO_CONTENT_TYPE, &content_type);
  curl_header* etag = nullptr;
  (void)curl_easy_header(easy.get(), "ETag", 0, CURLH_HEADER, -1, &etag);
  curl_off_t retry_after = 0;
  curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &retry_after);
  return ClientResponse{static_cast<int>(status), content_type == nullptr ? "" : content_type,
                        etag == nullptr ? "" : etag->value, std::move(body),
                        static_cast<std::int64_t>(retry_after)};
}

}  // namespace sutler::client
