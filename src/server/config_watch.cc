#include "server/config_watch.h"

#include <system_error>
#include <utility>

#include "base/log.h"
#include "server/health.h"

namespace sutler::server {
namespace {

admin::Check check_of(const base::Result<SourceChanges>& found) {
  if (found) return check_config(*found);
  return {"config", admin::CheckState::kWarn,
          "the config file cannot be read again, and the server would not start: "
          "`sutler config check` says why"};
}

}  // namespace

ConfigWatch::ConfigWatch(std::filesystem::path file, Look look)
    : file_(std::move(file)), look_(std::move(look)) {}

const base::Result<SourceChanges>& ConfigWatch::look_again() {
  seen_ = FileStamp::of(file_);  // before it is read: what changes meanwhile is seen the next time
  std::error_code unknown;
  if (std::filesystem::exists(file_, unknown) &&
      !std::filesystem::is_regular_file(file_, unknown)) {
    return found_.emplace(base::fail(base::Code::kInvalid, "it is no regular file"));
  }
  return found_.emplace(look_());
}

admin::Check ConfigWatch::check() {
  const std::lock_guard lock(mutex_);
  // What could not be read may be readable the next time, as it is.
  const bool is_known = found_ && found_->has_value() && seen_ == FileStamp::of(file_);
  return check_of(is_known ? *found_ : look_again());
}

void ConfigWatch::tell() {
  const std::lock_guard lock(mutex_);
  const auto& found = look_again();
  const admin::Check check = check_of(found);
  if (check.state == admin::CheckState::kOk) return;
  base::log::warning(check.detail, {{"file", file_.string()},
                                    {"why", found ? found->wrong : found.error().message}});
}

}  // namespace sutler::server
