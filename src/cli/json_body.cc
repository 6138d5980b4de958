#include "cli/json_body.h"

#include "base/json.h"

namespace sutler::cli {

void JsonBody::begin(std::string_view name) {
  if (!empty()) text_ += ',';
  base::append_json_string(text_, name);
  text_ += ':';
}

JsonBody& JsonBody::text(std::string_view name, std::string_view value) {
  begin(name);
  base::append_json_string(text_, value);
  return *this;
}

JsonBody& JsonBody::number(std::string_view name, std::int64_t value) {
  return raw(name, std::to_string(value));
}

JsonBody& JsonBody::yes(std::string_view name) { return raw(name, "true"); }

JsonBody& JsonBody::texts(std::string_view name, const std::vector<std::string>& values) {
  begin(name);
  text_ += '[';
  for (const std::string& value : values) {
    if (&value != &values.front()) text_ += ',';
    base::append_json_string(text_, value);
  }
  text_ += ']';
  return *this;
}

JsonBody& JsonBody::raw(std::string_view name, std::string_view json) {
  begin(name);
  text_ += json;
  return *this;
}

}  // namespace sutler::cli
