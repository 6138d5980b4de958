// Puts a workload's files on the disk by the protocol's owner, group and permission policies.
//
// All or nothing: every file is decoded, checked and laid beside its place before the first one is
// renamed into it. What stood there lies beside until all are in place: when a rename fails it is
// put back (on file systems that cannot exchange two files the renamed ones stay new). A file that
// exists is replaced as a whole, never written into, so that a reader sees the old or the new
// content.
//
// Policies: `AlwaysSet…` sets; `KeepOrSet…` keeps what an existing file has; `…Inherited` is the
// user (group) that runs the command. What an entry does not say: an existing file keeps its owner,
// group and mode, a new one gets the user that runs the command and mode 0600. "Exists" means a
// regular file at that very place: a symbolic link there is replaced, not followed.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "cli/names_here.h"
#include "cli/root_folder.h"
#include "model/bundle.h"

namespace sutler::cli {

// Who runs the command: what `…Inherited` means.
struct RunningUser {
  uid_t user;
  gid_t group;
};

// A file that is ready to be written: decoded, its policies settled against what is on the disk
// now.
struct PlannedFile {
  std::string path;
  base::Secret content;
  uid_t user = 0;
  gid_t group = 0;
  mode_t mode = 0600;
};

// Writes nothing. kInvalid names the entry: a path that is not absolute and normal, one file where
// another needs a folder, data that is no base64, a user or group that does not exist here,
// something at the place that is no file.
[[nodiscard]] base::Result<std::vector<PlannedFile>> plan_files(const model::Bundle& bundle,
                                                                const RootFolder& root,
                                                                const NamesHere& names,
                                                                RunningUser runner);

// kRefused when an owner may not be set (only root may give files away), kNoSpace, kInternal.
[[nodiscard]] base::Result<void> write_files(const std::vector<PlannedFile>& files,
                                             const RootFolder& root);

// `NAME=value` for each variable, checked: kInvalid names a variable that no environment can hold.
[[nodiscard]] base::Result<void> check_variables(const model::Bundle& bundle);

}  // namespace sutler::cli
