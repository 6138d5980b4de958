#include "admin/backup_api.h"

#include "admin/action.h"
#include "admin/json_io.h"
#include "store/backups.h"

namespace sutler::admin {
namespace {

constexpr std::chrono::seconds kWait{5};

void write_info(JsonObject& json, const store::BackupInfo& info) {
  std::vector<std::string> keys;
  for (const auto& use : info.keys) keys.push_back(use.key_id);
  json.text("store_id", info.store_id)
      .number("revision", info.revision)
      .text("created", base::rfc3339(info.created))
      .text("version", info.version)
      .raw("master_keys", json_strings(keys));
}

base::Unexpected no_backups() {
  return base::fail(base::Code::kUnavailable, "this server makes no backups");
}

}  // namespace

base::Result<http::Response> list_backups(const Context& context, const Call&, Action&) {
  const store::Backups* const backups = context.about.background.backups;
  if (backups == nullptr) return no_backups();
  const auto& options = backups->options();
  JsonArray array;
  for (const auto& one : backups->list()) {
    JsonObject json;
    json.text("file", one.file.native()).number("bytes", one.bytes);
    if (one.error.empty()) {
      write_info(json, one.info);
    } else {
      json.text("error", one.error);
    }
    array.raw(json.done());
  }
  JsonObject answer;
  answer.text("folder", options.folder.native())
      .number("every_seconds", static_cast<std::uint64_t>(options.every.count() / 1000))
      .number("keep", options.keep)
      .raw("running", kJsonFlag[backups->running() ? 1 : 0]);
  if (const auto last = backups->last_good()) answer.text("last_good", base::rfc3339(*last));
  if (const auto error = backups->last_error(); !error.empty()) answer.text("error", error);
  return json_response(200, answer.raw("backups", array.done()).done());
}

base::Result<http::Response> create_backup(const Context& context, const Call&, Action& action) {
  store::Backups* const backups = context.about.background.backups;
  if (backups == nullptr) return no_backups();
  if (auto intent = action.record_intent(); !intent) return base::pass(intent);
  const auto made = backups->make(kWait);
  if (made && !*made) return base::Unexpected(made->error());
  auto recorded =
      action.record_change(made ? (*made)->info.revision : context.store.snapshot()->revision);
  if (!recorded) return base::pass(recorded);
  JsonObject answer;
  if (!made) return json_response(202, answer.raw("running", "true").done());
  answer.text("file", (*made)->file.native()).number("bytes", (*made)->bytes);
  write_info(answer, (*made)->info);
  return json_response(201, answer.done());
}

}  // namespace sutler::admin
