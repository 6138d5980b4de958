#include "cli/bundle_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>

#include "base/encoding.h"
#include "base/limits.h"
#include "model/group.h"

namespace sutler::cli {
namespace {

using base::Code;
using model::OwnerPolicy;

// Of the regular file that stands at the place already.
struct Existing {
  uid_t user;
  gid_t group;
  mode_t mode;
};

base::Result<std::optional<Existing>> look_at(const std::string& path, const RootFolder& root) {
  const auto folder = root.find(folder_of(path));
  if (!folder) return std::unexpected(folder.error());
  if (!*folder) return std::optional<Existing>();
  struct stat info{};
  if (::fstatat((*folder)->get(), std::string(name_of(path)).c_str(), &info, AT_SYMLINK_NOFOLLOW) !=
      0) {
    if (errno == ENOENT) return std::optional<Existing>();
    return base::fail_errno(errno, "file " + path + " cannot be looked at");
  }
  if (S_ISLNK(info.st_mode)) return std::optional<Existing>();
  if (!S_ISREG(info.st_mode)) {
    return base::fail(Code::kInvalid, "there is something at " + path + " that is no file");
  }
  return std::optional(Existing{info.st_uid, info.st_gid, info.st_mode & 07777});
}

using LookUp = std::function<std::optional<unsigned>(const std::string&)>;

// The id by an `owner` or `group`; `existing` is that of the file that is there. Nothing: unknown
// name.
std::optional<unsigned> settle(const std::optional<model::Ownership>& wanted,
                               std::optional<unsigned> existing, unsigned inherited,
                               const LookUp& look_up) {
  if (!wanted) return existing.value_or(inherited);
  switch (wanted->policy) {
    case OwnerPolicy::kAlwaysSetExplicit: return look_up(wanted->value);
    // The name is looked up even if it is not needed: whether a bundle is good does not depend
    // on what is on the disk.
    case OwnerPolicy::kKeepOrSetExplicit: {
      const auto explicit_id = look_up(wanted->value);
      return explicit_id && existing ? existing : explicit_id;
    }
    case OwnerPolicy::kAlwaysSetInherited: return inherited;
    case OwnerPolicy::kKeepOrSetInherited: return existing.value_or(inherited);
  }
  return std::nullopt;
}

mode_t settle_mode(const std::optional<model::Permissions>& wanted,
                   const std::optional<Existing>& existing) {
  const bool keep = !wanted || wanted->policy == model::PermissionPolicy::kKeepOrSet;
  if (existing && keep) return existing->mode;
  return wanted ? wanted->mode : 0600;
}

base::Result<base::Secret> decode(const model::BundleFile& file) {
  if (file.encoding != model::Encoding::kBase64) return file.data.clone();
  auto bytes = base::base64_decode(file.data.expose());
  if (!bytes) return base::fail(Code::kInvalid, "the data of file " + file.path + " is no base64");
  return base::Secret(std::move(*bytes));
}

base::Unexpected unknown(const std::string& what, const model::Ownership& who,
                         const std::string& path) {
  return base::fail(Code::kInvalid,
                    "file " + path + ": there is no " + what + " \"" + who.value + "\" here",
                    "create it, or write its number");
}

base::Result<PlannedFile> plan_file(const model::BundleFile& file, const RootFolder& root,
                                    const NamesHere& names, RunningUser runner) {
  if (!model::is_file_path(file.path)) {
    return base::fail(Code::kInvalid, "the path of file " + file.path +
                                          " is not absolute or holds empty parts, `.` or `..`");
  }
  auto content = decode(file);
  if (!content) return base::pass(content);
  auto existing = look_at(file.path, root);
  if (!existing) return base::pass(existing);
  const auto& there = *existing;
  const auto user =
      settle(file.owner, there ? std::optional(there->user) : std::nullopt, runner.user,
             [&names](const std::string& text) { return names.user(text); });
  if (!user) return unknown("user", *file.owner, file.path);
  const auto group =
      settle(file.group, there ? std::optional(there->group) : std::nullopt, runner.group,
             [&names](const std::string& text) { return names.group(text); });
  if (!group) return unknown("group", *file.group, file.path);
  return PlannedFile{file.path, std::move(*content), *user, *group,
                     settle_mode(file.permissions, there)};
}

// A file that lies beside its place under a name of its own until it is renamed.
struct Staged {
  base::FileDescriptor folder;
  std::string temporary;
  std::string name;
  std::string path;  // for errors
  // Where the new file and what stood at the place are now.
  enum class State { kBeside, kNewInPlace, kExchanged, kReplaced } state = State::kBeside;
};

base::Result<void> give_away(int fd, const PlannedFile& file) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return base::fail_errno(errno, "file " + file.path);
  if (info.st_uid != file.user || info.st_gid != file.group) {
    if (::fchown(fd, file.user, file.group) != 0) {
      auto failed = base::fail_errno(errno, "file " + file.path + " cannot be given to user " +
                                                std::to_string(file.user) + " and group " +
                                                std::to_string(file.group));
      failed.error().hint = "only root may give files to other users: run it as root";
      return failed;
    }
  }
  // After the owner: chown(2) takes set-user-id bits away.
  if (::fchmod(fd, file.mode) != 0) return base::fail_errno(errno, "mode of file " + file.path);
  return {};
}

base::Result<Staged> stage(const PlannedFile& file, const RootFolder& root, std::size_t number,
                           std::vector<std::string>& made) {
  auto folder = root.make(folder_of(file.path), made);
  if (!folder) return base::pass(folder);
  Staged staged{std::move(*folder),
                ".sutler-" + std::to_string(::getpid()) + "-" + std::to_string(number),
                std::string(name_of(file.path)), file.path};
  const auto create = [&staged] {
    return base::FileDescriptor(::openat(staged.folder.get(), staged.temporary.c_str(),
                                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                                         0600));
  };
  base::FileDescriptor out = create();
  if (!out.is_open() && errno == EEXIST) {  // of a run that was killed and had our process id
    (void)::unlinkat(staged.folder.get(), staged.temporary.c_str(), 0);
    out = create();
  }
  if (!out.is_open()) return base::fail_errno(errno, "file " + file.path + " cannot be created");
  auto done = base::write_all(out.get(), file.content.expose());
  if (!done) done = base::pass(done, "file " + file.path);
  if (done) done = give_away(out.get(), file);
  if (!done) {
    (void)::unlinkat(staged.folder.get(), staged.temporary.c_str(), 0);
    return base::pass(done);
  }
  return staged;
}

int rename_with(const Staged& file, unsigned flags) {
  const int folder = file.folder.get();
  return ::renameat2(folder, file.temporary.c_str(), folder, file.name.c_str(), flags);
}

// A folder that came to the place since the plan was made is not moved away.
base::Result<void> put_in_place(Staged& file) {
  const auto failed = [&file](int error) {
    return base::fail_errno(error, "file " + file.path + " cannot be put in its place");
  };
  if (rename_with(file, RENAME_NOREPLACE) == 0) {
    file.state = Staged::State::kNewInPlace;
    return {};
  }
  struct stat info{};
  const bool is_there =
      ::fstatat(file.folder.get(), file.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) == 0;
  if (is_there && S_ISDIR(info.st_mode)) return failed(EISDIR);
  if (is_there && rename_with(file, RENAME_EXCHANGE) == 0) {
    file.state = Staged::State::kExchanged;
    return {};
  }
  // Neither flag is known to this file system, or it came and went: as ever.
  if (rename_with(file, 0) != 0) return failed(errno);
  file.state = is_there ? Staged::State::kReplaced : Staged::State::kNewInPlace;
  return {};
}

// The other way round: what was there is there again, what is new is gone. What could not be put
// back is added to `left`.
void take_back(const Staged& file, std::string& left) {
  if (file.state == Staged::State::kExchanged && rename_with(file, RENAME_EXCHANGE) != 0) {
    left += (left.empty() ? "" : ", ") + file.path;
    return;  // what was there stays beside
  }
  if (file.state == Staged::State::kReplaced) left += (left.empty() ? "" : ", ") + file.path;
  if (file.state == Staged::State::kNewInPlace) {
    (void)::unlinkat(file.folder.get(), file.name.c_str(), 0);
  }
  (void)::unlinkat(file.folder.get(), file.temporary.c_str(), 0);
}

}  // namespace

base::Result<std::vector<PlannedFile>> plan_files(const model::Bundle& bundle,
                                                  const RootFolder& root, const NamesHere& names,
                                                  RunningUser runner) {
  std::set<std::string_view> paths;
  for (const auto& file : bundle.files) {
    if (!paths.insert(file.path).second) {
      return base::fail(Code::kInvalid, "file " + file.path + " is there twice");
    }
  }
  std::vector<PlannedFile> planned;
  for (const auto& file : bundle.files) {
    auto ready = plan_file(file, root, names, runner);
    if (!ready) return base::pass(ready);
    for (auto above = folder_of(file.path); above != "/"; above = folder_of(above)) {
      if (!paths.contains(above)) continue;
      return base::fail(Code::kInvalid, "file " + file.path + " needs a folder where file " +
                                            std::string(above) + " is to be");
    }
    planned.push_back(std::move(*ready));
  }
  return planned;
}

base::Result<void> write_files(const std::vector<PlannedFile>& files, const RootFolder& root) {
  std::vector<std::string> made;
  std::vector<Staged> all;
  base::Result<void> done;
  for (const PlannedFile& file : files) {
    auto staged = stage(file, root, all.size(), made);
    if (!staged) {
      done = base::pass(staged);
      break;
    }
    all.push_back(std::move(*staged));
  }
  for (auto file = all.begin(); done && file != all.end(); ++file) done = put_in_place(*file);
  if (done) {
    for (const Staged& file : all) {  // what was exchanged lies there
      if (file.state != Staged::State::kExchanged) continue;
      (void)::unlinkat(file.folder.get(), file.temporary.c_str(), 0);
    }
    return done;
  }
  std::string left;
  for (auto file = all.rbegin(); file != all.rend(); ++file) take_back(*file, left);
  root.remove(made);
  if (!left.empty()) done.error().hint = "these files were replaced already: " + left;
  return done;
}

base::Result<void> check_variables(const model::Bundle& bundle) {
  for (const auto& variable : bundle.variables) {
    if (!model::is_variable_name(variable.name)) {
      return base::fail(Code::kInvalid,
                        "\"" + variable.name + "\" cannot be the name of a variable");
    }
    if (variable.value.expose().find('\0') != std::string_view::npos) {
      return base::fail(Code::kInvalid, "variable " + variable.name +
                                            " holds a NUL byte, which no environment can hold");
    }
    if (variable.name.size() + variable.value.size() + 2 >
        base::limits::kEnvironmentStringBytesMax) {
      return base::fail(Code::kTooLarge,
                        "variable " + variable.name + " is larger than " +
                            std::to_string(base::limits::kEnvironmentStringBytesMax) +
                            " bytes, which Linux allows");
    }
  }
  return {};
}

}  // namespace sutler::cli
