// Landlock (Linux 5.13 and later): takes a program's access to a few places of the file system
// away. The kernel knows lists of what is allowed only, so the list is everything beside them.
#pragma once

#include <filesystem>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace sutler::source {

// The version of the kernel's interface; 0: it has none, or it is switched off.
[[nodiscard]] int landlock_abi();

// Whether `path` is `folder` or lies in it, by their words alone.
[[nodiscard]] bool is_at_or_below(const std::filesystem::path& path,
                                  const std::filesystem::path& folder);

// A ruleset, for landlock_restrict_self(2) in the child, that allows all of the file system except
// what is at or below `hidden`, except the listing and the making of entries in the folders on the
// way there (`/`, `/var`, `/var/lib`), and except new entries of those. From version 6 on the
// child can also send signals to its own children only. Whoever is under it can attach to no
// process outside (ptrace(2), /proc/PID/mem). Not covered: connect(2) to a unix socket, stat(2), a
// second mount of a hidden folder elsewhere. An Error (kUnavailable) when the kernel has Landlock
// and the ruleset cannot be made.
[[nodiscard]] base::Result<base::FileDescriptor> make_ruleset(
    const std::vector<std::filesystem::path>& hidden);

}  // namespace sutler::source
