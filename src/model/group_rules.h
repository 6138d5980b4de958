// The rules of one entry and one member, for validate() and for the readers, which know the line.
// Messages say what is wrong, the caller says of what. Internal to the room.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/entry.h"
#include "model/restriction.h"

namespace sutler::model {

[[nodiscard]] base::Result<void> check_variable_name(std::string_view name);
[[nodiscard]] base::Result<void> check_file_path(std::string_view path);
[[nodiscard]] base::Result<void> check_variable(std::string_view name, const Variable& variable);
[[nodiscard]] base::Result<void> check_file(const File& file);
[[nodiscard]] base::Result<void> check_restrictions(const Restrictions& restrictions);

}  // namespace sutler::model
