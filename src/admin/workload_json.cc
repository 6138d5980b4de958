#include "admin/workload_json.h"

#include "base/encoding.h"

namespace sutler::admin {

void put_workload(JsonObject& json, const model::Workload& workload) {
  json.text("team", workload.team)
      .text("project", workload.project_id)
      .text("object", workload.object_id)
      .text("type", workload.object_type);
}

void put_time(JsonObject& json, std::string_view name, base::UnixTime time) {
  if (time != base::UnixTime{}) json.text(name, base::rfc3339(time));
}

// The four names, each with a NUL between, which none can hold.
std::string workload_id(const model::Workload& workload) {
  std::string text = workload.team;
  for (const auto* part : {&workload.project_id, &workload.object_id, &workload.object_type}) {
    text += '\0';
    text += *part;
  }
  return base::base64url_encode(text);
}

std::optional<model::Workload> workload_from_id(std::string_view id) {
  const auto text = base::base64url_decode(id);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  model::Workload workload;
  std::string* const parts[] = {&workload.team, &workload.project_id, &workload.object_id,
                                &workload.object_type};
  for (std::string* part : parts) {
    const std::size_t end = rest.find('\0');
    const bool last = part == &workload.object_type;
    if ((end == std::string_view::npos) != last) return std::nullopt;
    *part = rest.substr(0, end);
    if (part->empty()) return std::nullopt;
    rest.remove_prefix(last ? rest.size() : end + 1);
  }
  return workload;
}

}  // namespace sutler::admin
