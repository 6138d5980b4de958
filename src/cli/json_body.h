// Writing the JSON that the admin API takes, member by member.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sutler::cli {

class JsonBody {
 public:
  JsonBody& text(std::string_view name, std::string_view value);
  JsonBody& number(std::string_view name, std::int64_t value);
  JsonBody& yes(std::string_view name);  // true; what is not so is left out
  JsonBody& texts(std::string_view name, const std::vector<std::string>& values);
  // `json` is JSON already.
  JsonBody& raw(std::string_view name, std::string_view json);
  [[nodiscard]] bool empty() const { return text_.size() == 1; }
  [[nodiscard]] std::string done() const { return text_ + "}"; }

 private:
  void begin(std::string_view name);
  std::string text_ = "{";
};

}  // namespace sutler::cli
