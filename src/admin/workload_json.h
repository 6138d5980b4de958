// Workloads in answers, and their names in URLs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admin/json_io.h"
#include "base/clock.h"
#include "model/workload.h"

namespace sutler::admin {

// `team`, `project`, `object` and `type` onto an object.
void put_workload(JsonObject& json, const model::Workload& workload);
// The time as text, or nothing where it is zero.
void put_time(JsonObject& json, std::string_view name, base::UnixTime time);

// One word that stands for the workload in a path or a cursor; and back, strictly.
[[nodiscard]] std::string workload_id(const model::Workload& workload);
[[nodiscard]] std::optional<model::Workload> workload_from_id(std::string_view id);

}  // namespace sutler::admin
