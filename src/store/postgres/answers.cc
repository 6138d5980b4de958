#include "store/postgres/answers.h"

#include "store/postgres/connection.h"

namespace sutler::store::postgres {

using base::Code;
using base::Error;

namespace {

bool is_class(std::string_view state, std::string_view prefix) { return state.starts_with(prefix); }

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string connect_hint(std::string_view message) {
  if (has(message, "password authentication failed") || has(message, "no password supplied")) {
    return "check user and password: in the URI of a private config file, in PGPASSWORD, or in the "
           "file that the parameter passfile names";
  }
  if (has(message, "pg_hba.conf")) return "let this host in: pg_hba.conf on the database's side";
  if (has(message, "read-only") || has(message, "not primary") || has(message, "hot standby")) {
    return "this server takes no writes: name all servers of the cluster in the URI "
           "(host=db1,db2), the one that takes writes is found";
  }
  if (has(message, "database \"") && has(message, "does not exist")) {
    return "make the database first: createdb";
  }
  if (has(message, "role \"") && has(message, "does not exist")) {
    return "make the role first: createuser";
  }
  if (has(message, "certificate") || has(message, "SSL")) {
    return "the server's certificate is verified off this machine: give its CA with "
           "sslrootcert=FILE, and the name that is in the certificate as host";
  }
  if (has(message, "too many clients") || has(message, "connection slots")) {
    return "raise max_connections of the database; a node takes up to 6";
  }
  return "is the database running, and is that its address?";
}

}  // namespace

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, text.find('\n')));
}

Error error_of(std::string_view state, std::string_view message) {
  const std::string said = "database: " + first_line(message);
  // The outcome of 40003 is not known; 42P07 and 42710: it exists.
  if (state == "40003") return {Code::kUnavailable, said, {}, kDatabaseUnreachable};
  if (state == "23505" || is_class(state, "40") || state == "42P07" || state == "42710") {
    return {Code::kConflict, said, "repeat the change"};
  }
  if (state == "53100" || state == "53400") {
    return {Code::kNoSpace, said, "make room on the disk of the database"};
  }
  if (state == "42501") {
    return {
        Code::kRefused, said,
        "grant the role SELECT, INSERT, UPDATE and DELETE on the tables sutler_*; `sutler init` "
        "also makes tables",
        kDatabaseDenied};
  }
  if (state == "42P01" || state == "3F000" || state == "42703") {
    return {Code::kNotFound, said, "make the store with `sutler init --store …`", "no_schema"};
  }
  if (state == "25006") {
    return {Code::kUnavailable,
            "database: this server takes no writes (any more)",
            {},
            kDatabaseUnreachable};
  }
  if (is_class(state, "XX")) return {Code::kCorrupt, said, "look into the log of the database"};
  if (is_class(state, "08") || is_class(state, "57P") || is_class(state, "53") ||
      is_class(state, "28") || state == "55000" || state == "55P03" || is_class(state, "25") ||
      is_class(state, "58") || state == "57014") {
    return {Code::kUnavailable, said, {}, kDatabaseUnreachable};
  }
  return {Code::kInternal, said + " (SQLSTATE " + std::string(state) + ")"};
}

bool ends_connection(std::string_view state) {
  return state == "40003" || is_class(state, "08") || is_class(state, "57P") ||
         is_class(state, "25") || is_class(state, "58") || is_class(state, "XX") ||
         is_class(state, "53");
}

// libpq says it for each host on a line of its own.
base::Unexpected fail_connect(const Dsn& dsn, std::string_view message) {
  std::string lines;
  for (const char c : message) {
    if (c != '\n') {
      lines += c == '\t' ? ' ' : c;
    } else if (!lines.ends_with("; ")) {
      lines += "; ";
    }
  }
  while (lines.ends_with("; ")) lines.resize(lines.size() - 2);
  return base::fail(Code::kUnavailable,
                    "the database " + dsn.shown() + " cannot be reached: " + lines,
                    connect_hint(message), kDatabaseUnreachable);
}

}  // namespace sutler::store::postgres
