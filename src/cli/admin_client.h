// Talks with the admin API of a server: over the unix socket of a data directory, or over an
// address with a token.
#pragma once

#include <boost/json/value.hpp>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "cli/command.h"

namespace sutler::cli {

// --data-dir, else SUTLER_DATA_DIR, else where the server looks when it is not told.
[[nodiscard]] std::filesystem::path data_dir_of(const Context& context);

// --cacert, else SUTLER_CACERT; empty: the system's.
[[nodiscard]] std::filesystem::path ca_file_of(const Context& context);

// The path of the API with each segment percent-encoded: api_path({"teams", team}) is
// "/api/v1/teams/red".
[[nodiscard]] std::string api_path(std::initializer_list<std::string_view> segments);

// An answer that is no success, as an error: the words and the hint of its problem+json (RFC 9457),
// and a kind by the status: 401 and 403 kRefused, 404 kNotFound, 409, 412 and 428 kConflict, 413
// kTooLarge, 503 kUnavailable, 507 kNoSpace, other 4xx kInvalid, the rest kInternal.
[[nodiscard]] base::Error error_of_answer(int status, std::string_view body);

class AdminClient {
 public:
  struct Answer {
    base::Secret text;
    boost::json::value tree;  // null when there was no body
    std::string etag;         // of a group; empty where the answer has none
  };

  // The nearest word wins: --addr, --data-dir, SUTLER_ADDR, SUTLER_DATA_DIR, the default directory.
  // SUTLER_TOKEN is shown where it is set; kRefused when an address is given without it.
  [[nodiscard]] static base::Result<AdminClient> find(const Context& context);

  // kTooLarge when the body is over what the server takes. `if_match` is an ETag or "*"; `also` a
  // status that is an answer like those of success.
  struct Condition {
    std::string if_match;
    int also = 200;
  };
  [[nodiscard]] base::Result<Answer> call(const std::string& method, const std::string& path,
                                          std::optional<std::string> body,
                                          const Condition& condition) const;
  [[nodiscard]] base::Result<Answer> call(const std::string& method, const std::string& path,
                                          std::optional<std::string> body = {}) const {
    return call(method, path, std::move(body), Condition());
  }

 private:
  AdminClient() = default;

  std::string url_;  // without a final slash
  std::filesystem::path socket_;
  std::filesystem::path ca_file_;
  std::optional<base::Secret> token_;
};

// Finds the server and calls it.
[[nodiscard]] base::Result<AdminClient::Answer> ask_server(const Context& context,
                                                           const std::string& method,
                                                           const std::string& path,
                                                           std::optional<std::string> body = {});

// A whole list, page by page: `{"items":[…]}` with those of all pages. `path` may have a query.
[[nodiscard]] base::Result<AdminClient::Answer> ask_list(const Context& context,
                                                         const std::string& path);

// Prints the answer as it came with --json, else the text. Gives exit status 0.
[[nodiscard]] base::Result<int> print_answer(const Context& context,
                                             const AdminClient::Answer& answer,
                                             const std::string& text);

}  // namespace sutler::cli
