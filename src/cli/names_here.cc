#include "cli/names_here.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <memory>

namespace sutler::cli {
namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// A file of the tree's /etc; null when there is none.
base::Result<File> open_in_etc(const RootFolder& root, const char* name) {
  const auto folder = root.find("/etc");
  if (!folder) return std::unexpected(folder.error());
  if (!*folder) return File();
  const std::string path = "file /etc/" + std::string(name) + " below --root";
  // Not through a link: it could lead out of the tree.
  base::FileDescriptor fd(
      ::openat((*folder)->get(), name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.is_open() && errno == ENOENT) return File();
  if (!fd.is_open() && errno == ELOOP) {
    return base::fail(base::Code::kInvalid, path + " is a symbolic link",
                      "put a file in its place, or write numbers for owners and groups");
  }
  if (!fd.is_open()) return base::fail_errno(errno, path + " cannot be opened");
  struct stat info{};
  if (::fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) {
    return base::fail(base::Code::kInvalid, path + " is no file");
  }
  File file(::fdopen(fd.get(), "r"));
  if (!file) return base::fail_errno(errno, path + " cannot be read");
  (void)fd.release();  // fclose closes it
  return file;
}

std::optional<unsigned> numeric_id(const std::string& text) {
  unsigned id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  // The highest number means "leave it" to chown(2).
  if (error != std::errc() || end != text.data() + text.size() || id == unsigned(-1)) {
    return std::nullopt;
  }
  return id;
}

}  // namespace

base::Result<NamesHere> NamesHere::of_tree(const RootFolder& root) {
  Tables tables;
  auto passwd_file = open_in_etc(root, "passwd");
  if (!passwd_file) return base::pass(passwd_file);
  // The first line of a name counts, as for the system.
  if (*passwd_file) {
    while (const passwd* user = ::fgetpwent(passwd_file->get())) {
      tables.users.emplace(user->pw_name, user->pw_uid);
    }
  }
  auto group_file = open_in_etc(root, "group");
  if (!group_file) return base::pass(group_file);
  if (*group_file) {
    while (const ::group* one = ::fgetgrent(group_file->get())) {
      tables.groups.emplace(one->gr_name, one->gr_gid);
    }
  }
  NamesHere names;
  names.tables_ = std::move(tables);
  return names;
}

std::optional<unsigned> NamesHere::user(const std::string& text) const {
  if (!tables_) {
    if (const passwd* user = ::getpwnam(text.c_str())) return user->pw_uid;
  } else if (const auto found = tables_->users.find(text); found != tables_->users.end()) {
    return found->second;
  }
  return numeric_id(text);
}

std::optional<unsigned> NamesHere::group(const std::string& text) const {
  if (!tables_) {
    if (const ::group* found = ::getgrnam(text.c_str())) return found->gr_gid;
  } else if (const auto found = tables_->groups.find(text); found != tables_->groups.end()) {
    return found->second;
  }
  return numeric_id(text);
}

}  // namespace sutler::cli
