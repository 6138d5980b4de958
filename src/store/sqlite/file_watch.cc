#include "store/sqlite/file_watch.h"

#include <cerrno>

namespace sutler::store::sqlite {

using base::Result;

Result<FileWatch::Look> FileWatch::look(const std::filesystem::path& file) {
  struct stat found{};
  if (::stat(file.c_str(), &found) != 0) {
    return base::fail(
        base::Code::kUnavailable,
        errno == ENOENT ? file.string() + " was removed" : file.string() + " cannot be looked at",
        "put the file back, or restart the server with the store it should have");
  }
  return Look{found.st_ino, found.st_dev, found.st_size, found.st_mtim.tv_sec,
              found.st_mtim.tv_nsec};
}

Result<void> FileWatch::start() {
  auto database = look(database_);
  if (!database) return pass(database);
  auto log = look(log_);
  if (!log) return pass(log);
  database_look_ = *database;
  log_look_ = *log;
  return {};
}

Result<void> FileWatch::check_present() const {
  for (const auto& [file, known] :
       {std::pair(&database_, &database_look_), std::pair(&log_, &log_look_)}) {
    auto now = look(*file);
    if (!now) return pass(now);
    if (now->same_file(*known)) continue;
    return base::fail(base::Code::kUnavailable, file->string() + " was replaced while in use",
                      "restart the server to use the new file");
  }
  return {};
}

bool FileWatch::looks_changed() {
  const Look database = database_look_;
  const Look log = log_look_;
  accept();
  return database != database_look_ || log != log_look_;
}

void FileWatch::accept() {
  // Another file under the same name is never accepted: check_present() must go on seeing it.
  if (auto now = look(database_); now && now->same_file(database_look_)) database_look_ = *now;
  if (auto now = look(log_); now && now->same_file(log_look_)) log_look_ = *now;
}

}  // namespace sutler::store::sqlite
