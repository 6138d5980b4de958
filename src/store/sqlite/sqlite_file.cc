#include "store/sqlite/sqlite_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"
#include "store/sqlite/sqlite_schema.h"

namespace sutler::store::sqlite {

using base::Code;
using base::Result;

namespace {

Result<void> sync_folder(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const base::FileDescriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.is_open() || ::fsync(fd.get()) != 0) {
    return base::fail_errno(errno, "cannot sync " + folder.string());
  }
  return {};
}

}  // namespace

Result<void> create_file(const std::filesystem::path& file) {
  std::error_code ignored;
  if (std::filesystem::exists(file, ignored)) {
    return base::fail(Code::kConflict, file.string() + " exists already");
  }
  const std::filesystem::path fresh = file.string() + ".new";
  std::filesystem::remove(fresh, ignored);
  std::filesystem::remove(fresh.string() + "-journal", ignored);
  const base::FileDescriptor fd(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd.is_open()) return base::fail_errno(errno, "cannot make " + fresh.string());
  {
    auto connection = Connection::open(fresh);
    if (!connection) return pass(connection);
    if (auto made = create_tables(*connection); !made) return made;
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) {
    return base::fail_errno(errno, "cannot make " + file.string());
  }
  return sync_folder(file);
}

}  // namespace sutler::store::sqlite
