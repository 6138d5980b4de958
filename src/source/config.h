// What the config file says about one source, whatever its kind. Read by `server`.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace sutler::source {

// Who may use it. Globs (`*`, `?`); each of the three must match. An empty `refs` or `groups` is
// refused by the reader of the config file: a missing list never means "all".
struct Allowance {
  std::string team;
  std::vector<std::string> groups;
  std::vector<std::string> refs;  // against the whole reference, `#KEY` included
};

struct Common {
  std::string name;  // slug, unique
  std::string kind;  // "vault", "aws-secretsmanager", "aws-ssm", "exec", "file"
  std::chrono::seconds ttl{300};
  std::chrono::seconds stale_max{24 * 60 * 60};
  std::chrono::milliseconds deadline{10'000};  // of one call with all its retries and logins
  std::size_t concurrency = 8;                 // calls at once
  std::size_t calls_per_second_max = 100;      // above: they wait within their deadline
  bool disk_cache = true;                      // kept sealed over a restart
  // Of its address, namespace and the like, as text: what was kept for another store of this name
  // is not served. No credentials.
  std::string fingerprint;
  // Empty: only owners may save a reference to it, and what an owner saved is served.
  std::vector<Allowance> allow;
};

}  // namespace sutler::source
