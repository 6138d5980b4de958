#include "server/health.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

#include "crypto/certificate.h"

namespace sutler::server {
namespace {

using admin::Check;
using admin::CheckState;

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kCertificateDays = 14;
constexpr std::int64_t kBackupDays = 7;
// 2026-01-01: no clock of a machine that runs this is before it.
constexpr std::int64_t kEarliestSeconds = 1'767'225'600;
constexpr std::uint64_t kMegabyte = 1024 * 1024;

std::uint64_t open_descriptors() {
  DIR* const folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  std::uint64_t count = 0;
  while (const dirent* entry = ::readdir(folder)) count += entry->d_name[0] != '.' ? 1 : 0;
  ::closedir(folder);
  return count - 1;  // the one that was just read
}

std::uint64_t number_in(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

double boot_time_seconds() {
  constexpr std::string_view kStart = "btime ";
  std::ifstream stat("/proc/stat");
  for (std::string line; std::getline(stat, line);) {
    if (line.starts_with(kStart)) {
      return static_cast<double>(number_in(std::string_view(line).substr(kStart.size())));
    }
  }
  return 0;
}

}  // namespace

ProcessFigures process_figures() {
  ProcessFigures figures;
  std::ifstream file("/proc/self/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  // The name of the process stands in parentheses and may hold anything.
  std::istringstream words(text.substr(std::min(text.size(), text.rfind(')') + 2)));
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::string word;
  for (int field = 3; words >> word; ++field) {
    const std::uint64_t number = number_in(word);
    const double seconds = static_cast<double>(number) / ticks;
    if (field == 14 || field == 15) figures.cpu_seconds += seconds;
    if (field == 22) figures.start_time_seconds = boot_time_seconds() + seconds;
    if (field == 23) figures.virtual_bytes = number;
    if (field == 24) {
      figures.resident_bytes = number * static_cast<std::uint64_t>(::getpagesize());
      break;
    }
  }
  figures.open_fds = open_descriptors();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) figures.max_fds = limit.rlim_cur;
  return figures;
}

std::optional<DiskFigures> disk_figures(const std::filesystem::path& path) {
  struct statvfs info{};
  if (::statvfs(path.c_str(), &info) != 0) return std::nullopt;
  return DiskFigures{std::uint64_t{info.f_bavail} * info.f_frsize,
                     std::uint64_t{info.f_blocks} * info.f_frsize};
}

Check check_disk(const std::filesystem::path& path, std::uint64_t warn_bytes) {
  const auto disk = disk_figures(path);
  if (!disk) return {"disk", CheckState::kFail, "the disk of the data directory cannot be asked"};
  const std::string free = std::to_string(disk->free_bytes / kMegabyte) + " MiB are free";
  if (disk->free_bytes < std::min(disk->total_bytes / 100, 4 * kMegabyte)) {
    return {"disk", CheckState::kFail, free};
  }
  const bool low = disk->free_bytes < warn_bytes || disk->free_bytes < disk->total_bytes / 20;
  return {"disk", low ? CheckState::kWarn : CheckState::kOk, free};
}

Check check_certificate(const std::optional<std::filesystem::path>& file, base::UnixTime now) {
  if (!file) return {"certificate", CheckState::kOk, "there is no TLS here"};
  const auto expiry = crypto::certificate_expiry(*file);
  if (!expiry) {
    return {"certificate", CheckState::kWarn, "the certificate file cannot be read any more"};
  }
  const std::int64_t left = expiry->seconds() - now.seconds();
  if (left <= 0) return {"certificate", CheckState::kFail, "the certificate has expired"};
  const std::string days = "it ends in " + std::to_string(left / kDaySeconds) + " days";
  const bool soon = left < kCertificateDays * kDaySeconds;
  return {"certificate", soon ? CheckState::kWarn : CheckState::kOk, days};
}

Check check_clock(base::UnixTime now) {
  if (now.seconds() < kEarliestSeconds) {
    return {"clock", CheckState::kFail,
            "the clock says " + base::rfc3339(now) + ", which is before this program was made"};
  }
  timex state{};
  if (::adjtimex(&state) == TIME_ERROR || (state.status & STA_UNSYNC) != 0) {
    return {"clock", CheckState::kWarn, "the kernel knows of no time service that keeps the clock"};
  }
  return {"clock", CheckState::kOk, "kept by a time service"};
}

Check check_backup(std::optional<base::UnixTime> last, base::UnixTime now) {
  if (!last) return {"backup", CheckState::kWarn, "no good backup is known"};
  const std::int64_t days = (now.seconds() - last->seconds()) / kDaySeconds;
  const std::string age = "the last good one is " + std::to_string(days) + " days old";
  return {"backup", days > kBackupDays ? CheckState::kWarn : CheckState::kOk, age};
}

// What was read is kept on the disk over the restart, and open fetches finish before it.
Check check_config(const SourceChanges& changes) {
  if (!changes.any()) return {"config", CheckState::kOk, {}};
  if (!changes.wrong.empty()) {
    return {"config", CheckState::kWarn,
            "`sources` of the config file is wrong now, and the server would not start again: "
            "`sutler config check` says where"};
  }
  return {"config", CheckState::kWarn,
          "`sources` of the config file has changed (" + changes.text() +
              "): it counts after a restart, over which what was read is kept"};
}

void add_source_checks(std::vector<Check>& out, const std::vector<source::SourceStatus>& sources) {
  for (const auto& source : sources) {
    Check check{"source:" + source.name, CheckState::kOk, {}};
    if (!source.reachable || source.breaker_open) {
      check.state = CheckState::kWarn;
      check.detail = source.documents > 0
                         ? "the store is out: " + std::to_string(source.documents) +
                               " values that it gave before are served"
                         : "the store is out, and nothing that it gave before is held";
    }
    out.push_back(std::move(check));
  }
}

}  // namespace sutler::server
