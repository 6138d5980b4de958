// The limit of open files (getrlimit(2), RLIMIT_NOFILE), and who gets how many.
#pragma once

#include <cstddef>

namespace sutler::server {

// As far as it may be raised: the usual soft limit is far below what the connection limit allows.
void raise_open_files();

// Of 8 parts the connections to the provider get 5 and those to the admin API one; two are for the
// store, the audit log, sources and backups.
inline constexpr std::size_t kProviderEighths = 5;
inline constexpr std::size_t kAdminEighths = 1;
// So many parts of the limit as it is now.
[[nodiscard]] std::size_t part_of_open_files(std::size_t eighths);

}  // namespace sutler::server
