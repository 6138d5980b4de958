#include "admin/master_key_api.h"

#include <algorithm>
#include <map>

#include "admin/action.h"
#include "admin/json_io.h"
#include "store/backups.h"
#include "store/rewrap.h"
#include "store/sealer.h"

namespace sutler::admin {
namespace {

std::string_view to_word(store::RotationState state) {
  switch (state) {
    case store::RotationState::kNone: return "none";
    case store::RotationState::kRunning: return "running";
    case store::RotationState::kDone: return "done";
    case store::RotationState::kFailed: return "failed";
  }
  return "none";
}

std::string rotation_json(const store::RotationStatus& status) {
  JsonObject json;
  json.text("state", to_word(status.state));
  if (status.state == store::RotationState::kNone) return json.done();
  json.text("target", status.target)
      .text("by", status.by)
      .text("started", base::rfc3339(status.started))
      .number("rewrapped", status.rewrapped);
  if (status.ended != base::UnixTime{}) json.text("ended", base::rfc3339(status.ended));
  if (!status.error.empty()) json.text("error", status.error);
  if (status.damaged.count != 0) {
    json.number("damaged", status.damaged.count).raw("damaged_rows", status.damaged.json());
  }
  return json.done();
}

// Per master key, the backups that cannot be opened without it.
std::map<std::string, std::vector<std::string>> backups_by_key(const store::Backups* backups) {
  std::map<std::string, std::vector<std::string>> out;
  if (backups == nullptr) return out;
  for (const auto& one : backups->list()) {
    for (const auto& use : one.info.keys) out[use.key_id].push_back(one.file.filename().string());
  }
  return out;
}

std::string keys_json(const Context& context, const std::vector<store::KeyUse>& used) {
  const auto sealer = context.store.sealer();
  const auto configured = sealer->keys().ids();
  std::map<std::string, store::KeyUse> by_id;
  for (const auto& use : used) by_id[use.key_id] = use;
  auto backups = backups_by_key(context.about.background.backups);
  std::vector<std::string> ids = configured;
  const auto add = [&ids](const std::string& id) {
    if (std::ranges::find(ids, id) == ids.end()) ids.push_back(id);
  };
  for (const auto& [id, use] : by_id) add(id);
  for (const auto& [id, names] : backups) add(id);
  JsonArray keys;
  for (const auto& id : ids) {
    JsonObject key;
    const std::uint64_t wraps = sealer->keys().wraps(id);
    key.text("id", id)
        .raw("configured", kJsonFlag[sealer->keys().has(id) ? 1 : 0])
        .number("current", by_id[id].current)
        .number("history", by_id[id].history)
        .number("wraps", wraps);
    if (wraps >= crypto::kMasterKeyWrapsWarned) {
      key.text("warning", "it has wrapped many data keys: rotate the master key soon");
    }
    key.raw("backups", json_strings(backups[id]));
    keys.raw(key.done());
  }
  return keys.done();
}

std::string nodes_json(const Context& context, const store::Nodes& nodes,
                       const std::vector<store::Node>& all) {
  JsonArray array;
  for (const auto& node : all) {
    JsonObject json;
    json.text("name", node.name)
        .raw("live", kJsonFlag[node.is_live(context.clock.now()) ? 1 : 0])
        .raw("self", kJsonFlag[node.id == nodes.own_id() ? 1 : 0])
        .text("seen", base::rfc3339(node.seen))
        .raw("keys", json_strings(node.keys));
    array.raw(json.done());
  }
  return array.done();
}

base::Unexpected no_rotation() {
  return base::fail(base::Code::kUnavailable, "this server does not rotate master keys");
}

}  // namespace

base::Result<http::Response> show_master_key(const Context& context, const Call&, Action&) {
  const Background& background = context.about.background;
  if (background.rotation == nullptr || background.nodes == nullptr) return no_rotation();
  auto used = context.store.backend().key_use();
  if (!used) return base::pass(used);
  auto nodes = background.nodes->all();
  if (!nodes) return base::pass(nodes);
  JsonObject answer;
  answer.text("primary", context.store.sealer()->keys().primary_id())
      .raw("keys", keys_json(context, *used))
      .raw("nodes", nodes_json(context, *background.nodes, *nodes))
      .raw("rotation", rotation_json(background.rotation->status()))
      .text("how", background.rotation->options().how);
  return json_response(200, answer.done());
}

base::Result<http::Response> rotate_master_key(const Context& context, const Call& call,
                                               Action& action) {
  store::Rotation* const rotation = context.about.background.rotation;
  if (rotation == nullptr) return no_rotation();
  const std::string target = context.store.sealer()->keys().primary_id();
  action.details().key_id = target;
  if (auto intent = action.record_intent(); !intent) return base::pass(intent);
  auto started = rotation->start(call.operator_name);
  if (!started) return base::pass(started);
  auto recorded = action.record_change(context.store.snapshot()->revision);
  if (!recorded) return base::pass(recorded);
  JsonObject answer;
  answer.raw("rotation", rotation_json(rotation->status()));
  return json_response(202, answer.done());
}

}  // namespace sutler::admin
