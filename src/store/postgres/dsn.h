// Where a PostgreSQL store is: a connection URI as libpq takes it (PostgreSQL 15, 34.1.1.2), with
// the defaults that a secret store wants.
//
// Unless the URI says otherwise: connections go to the server that takes writes, the server's
// certificate and name are verified when a host is not this machine, and a host that does not
// answer is given up after three seconds.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sutler::store {

class Dsn {
 public:
  // kInvalid: no URI that libpq reads. The message repeats nothing of it, for it may hold a
  // password.
  [[nodiscard]] static base::Result<Dsn> parse(std::string_view uri);

  // "postgresql://sutler@db1:5432,db2:5432/sutler": without password and options.
  [[nodiscard]] const std::string& shown() const { return shown_; }
  [[nodiscard]] bool has_password() const { return has_password_; }
  // Whether a host off this machine would be believed without its certificate.
  [[nodiscard]] bool is_unverified() const { return unverified_; }
  // A password file that others may read, or that is none: it is not read. Empty: there is no such.
  [[nodiscard]] const std::string& refused_password_file() const { return refused_password_file_; }
  // Keywords and values for PQconnectStartParams.
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& parameters() const {
    return parameters_;
  }

 private:
  std::vector<std::pair<std::string, std::string>> parameters_;
  std::string shown_;
  std::string refused_password_file_;
  bool has_password_ = false;
  bool unverified_ = false;
};

// "postgresql://…" or "postgres://…".
[[nodiscard]] bool is_postgres_uri(std::string_view text);

}  // namespace sutler::store
