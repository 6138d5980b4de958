// What is measured and checked of the running server from outside of its rooms: the process, the
// disk, certificates. For the metrics, the readiness and `sutler doctor`.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "admin/checks.h"
#include "base/clock.h"
#include "server/source_changes.h"
#include "source/sources.h"

namespace sutler::server {

struct ProcessFigures {
  double cpu_seconds = 0;
  double start_time_seconds = 0;  // since 1970
  std::uint64_t resident_bytes = 0, virtual_bytes = 0;
  std::uint64_t open_fds = 0, max_fds = 0;
};
[[nodiscard]] ProcessFigures process_figures();

struct DiskFigures {
  std::uint64_t free_bytes = 0;  // for us, not for root
  std::uint64_t total_bytes = 0;
};
// Nothing: it cannot be told.
[[nodiscard]] std::optional<DiskFigures> disk_figures(const std::filesystem::path& path);

// Warns below `warn_bytes` or a twentieth, fails below a hundredth of that or 4 MiB.
[[nodiscard]] admin::Check check_disk(const std::filesystem::path& path, std::uint64_t warn_bytes);
// Warns two weeks before the end, fails after it. No file: there is no TLS, which is well.
[[nodiscard]] admin::Check check_certificate(const std::optional<std::filesystem::path>& file,
                                             base::UnixTime now);
// Fails when the clock is before this program was made; warns when the kernel says that no time
// service keeps it.
[[nodiscard]] admin::Check check_clock(base::UnixTime now);
// `last`: when the last good backup was made; nothing: never, as far as is known.
[[nodiscard]] admin::Check check_backup(std::optional<base::UnixTime> last, base::UnixTime now);

// Warns while the config file says something else of sources than the server knows, or is wrong.
[[nodiscard]] admin::Check check_config(const SourceChanges& changes);

// One `source:NAME` for each. Warns while a store is out: that takes no node out, since the others
// have the same store.
void add_source_checks(std::vector<admin::Check>& out,
                       const std::vector<source::SourceStatus>& sources);

}  // namespace sutler::server
