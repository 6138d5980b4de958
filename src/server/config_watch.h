// What of the config file counts only after a restart. Everybody may ask (`/readyz?verbose`), so
// the file is read when it is another than before, and not for each who asks.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>

#include "admin/service.h"
#include "base/result.h"
#include "server/file_stamp.h"
#include "server/source_changes.h"

namespace sutler::server {

// Of any thread.
class ConfigWatch {
 public:
  using Look = std::function<base::Result<SourceChanges>()>;
  ConfigWatch(std::filesystem::path file, Look look);

  // Of the file as it is now.
  [[nodiscard]] admin::Check check();
  // Reads it in any case, and logs what is left for a restart.
  void tell();

 private:
  // With the mutex held.
  const base::Result<SourceChanges>& look_again();

  const std::filesystem::path file_;
  const Look look_;
  std::mutex mutex_;
  std::optional<FileStamp> seen_;
  std::optional<base::Result<SourceChanges>> found_;
};

}  // namespace sutler::server
