#include "store/postgres/dsn.h"

#include <arpa/inet.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>

namespace sutler::store {

using base::Code;
using base::fail;
using base::Result;

namespace {

using Values = std::map<std::string, std::string, std::less<>>;

constexpr char kSystemRoots[] = "/etc/ssl/certs/ca-certificates.crt";

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == ',') {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string_view get(const Values& values, std::string_view name) {
  const auto at = values.find(name);
  return at == values.end() ? std::string_view() : std::string_view(at->second);
}

// A name such as 127.example.org is none.
bool is_loopback_address(std::string_view host) {
  in_addr address{};
  return ::inet_pton(AF_INET, std::string(host).c_str(), &address) == 1 && host.starts_with("127.");
}

bool is_near(std::string_view host) {
  return host.empty() || host.starts_with('/') || host.starts_with('@') || host == "localhost" ||
         host == "::1" || is_loopback_address(host);
}

bool all_near(const Values& values) {
  if (!get(values, "service").empty()) return false;  // its file says where
  const auto near = [](std::string_view list) {
    return std::ranges::all_of(split_list(list), is_near);
  };
  return near(get(values, "host")) && near(get(values, "hostaddr"));
}

bool verifies(const Values& values) {
  const auto mode = get(values, "sslmode");
  return mode == "verify-full" || mode == "verify-ca";
}

// libpq 15 knows no "system" roots; its own file in the home folder goes first.
std::string root_certificates() {
  const char* home = std::getenv("HOME");
  if (home != nullptr) {
    const std::string own = std::string(home) + "/.postgresql/root.crt";
    if (::access(own.c_str(), R_OK) == 0) return own;
  }
  return kSystemRoots;
}

struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

// What libpq would take from PGHOST and the like: it decides where the connection goes.
void add_environment(Values& values) {
  const std::unique_ptr<PQconninfoOption, FreeOptions> found(PQconndefaults());
  const bool placed = !get(values, "host").empty() || !get(values, "hostaddr").empty();
  for (const PQconninfoOption* at = found.get(); at != nullptr && at->keyword != nullptr; ++at) {
    const std::string_view name = at->keyword;
    const bool where = name == "hostaddr" || (name == "host" && !placed);
    const bool how = name == "sslmode" || name == "sslrootcert";
    // libpq's own default, "prefer", is not somebody's wish.
    const bool asked = name != "sslmode" || std::getenv("PGSSLMODE") != nullptr;
    if (at->val == nullptr || *at->val == '\0' || !asked || (!how && !where)) continue;
    values.try_emplace(std::string(name), at->val);
  }
}

void add_defaults(Values& values) {
  const auto add = [&](const char* name, std::string value) {
    if (get(values, name).empty()) values.insert_or_assign(name, std::move(value));
  };
  // A transaction pooler knows none of these as parameters of its server; they stay in libpq.
  add("target_session_attrs", "read-write");
  add("connect_timeout", "3");
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  add("tcp_user_timeout", "20000");
  add("gssencmode", "disable");
  add("application_name", "sutler");
  add("client_encoding", "UTF8");
  if (!all_near(values)) add("sslmode", "verify-full");
  if (verifies(values)) add("sslrootcert", root_certificates());
}

// libpq does not read it either, and says so on the standard error.
std::string refuse_password_file(Values& values) {
  std::string file(get(values, "passfile"));
  const char* named = std::getenv("PGPASSFILE");
  const char* home = std::getenv("HOME");
  if (file.empty() && named != nullptr) file = named;
  if (file.empty() && home != nullptr) file = std::string(home) + "/.pgpass";
  struct stat found{};
  if (file.empty() || ::stat(file.c_str(), &found) != 0) return {};
  if (S_ISREG(found.st_mode) && (found.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  values.insert_or_assign("passfile", "/dev/null/none");  // which cannot be
  return file;
}

std::string show(const Values& values) {
  std::string out = "postgresql://";
  if (const auto user = get(values, "user"); !user.empty()) out.append(user).append("@");
  std::string_view name = get(values, "host");
  if (name.empty()) name = get(values, "hostaddr");
  const auto hosts = split_list(name);
  const auto ports = split_list(get(values, "port"));
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& port = ports[std::min(i, ports.size() - 1)];
    out += (i == 0 ? "" : ",") + hosts[i] + (port.empty() ? "" : ":" + port);
  }
  return out.append("/").append(get(values, "dbname"));
}

}  // namespace

bool is_postgres_uri(std::string_view text) {
  return text.starts_with("postgresql://") || text.starts_with("postgres://");
}

Result<Dsn> Dsn::parse(std::string_view uri) {
  char* why = nullptr;
  const std::unique_ptr<PQconninfoOption, FreeOptions> options(
      is_postgres_uri(uri) ? PQconninfoParse(std::string(uri).c_str(), &why) : nullptr);
  PQfreemem(why);  // it repeats parts of the URI
  if (!options) {
    return fail(Code::kInvalid, "the store is no URI that libpq can read",
                "postgresql://USER@HOST:PORT/DATABASE?PARAMETERS; in a name or password write @ as "
                "%40, : as %3A, / as %2F and % as %25");
  }
  Values values;
  for (const PQconninfoOption* at = options.get(); at->keyword != nullptr; ++at) {
    if (at->val != nullptr && *at->val != '\0') values[at->keyword] = at->val;
  }
  add_environment(values);
  Dsn out;
  out.has_password_ = !get(values, "password").empty() || !get(values, "sslpassword").empty();
  out.shown_ = show(values);
  out.refused_password_file_ = refuse_password_file(values);
  add_defaults(values);
  out.unverified_ = !all_near(values) && !verifies(values);
  out.parameters_.assign(values.begin(), values.end());
  return out;
}

}  // namespace sutler::store
