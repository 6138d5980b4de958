// Writing answers as JSON, and reading a request's body as one JSON object of known members.
#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/secret.h"
#include "http/message.h"

namespace sutler::admin {

// An object that is written member by member.
class JsonObject {
 public:
  JsonObject& text(std::string_view name, std::string_view value);
  JsonObject& number(std::string_view name, std::uint64_t value);
  // `value` is JSON already.
  JsonObject& raw(std::string_view name, std::string_view value);
  [[nodiscard]] std::string done();

 private:
  void begin(std::string_view name);
  std::string text_ = "{";
};

// An array of values that are JSON already.
class JsonArray {
 public:
  JsonArray& raw(std::string_view value);
  JsonArray& text(std::string_view value);
  [[nodiscard]] bool empty() const { return text_.size() == 1; }
  [[nodiscard]] std::string done();

 private:
  std::string text_ = "[";
};

// The words for false and true, by their value.
inline constexpr std::string_view kJsonFlag[] = {"false", "true"};
[[nodiscard]] std::string json_strings(std::span<const std::string> items);

[[nodiscard]] http::Response json_response(int status, std::string body);
[[nodiscard]] http::Response secret_response(base::Secret body);
// The status that result.h gives the error's code; `code` is its name, or else that of its code.
[[nodiscard]] http::Response error_response(const base::Error& error);

// One object. The getters note which members are known and keep the first error; finish() tells it,
// or names a member that nobody asked for. Values are never quoted in an error.
class BodyReader {
 public:
  // An empty body is an empty object. kInvalid says where the JSON is wrong, or that it is no
  // object.
  [[nodiscard]] static base::Result<BodyReader> parse(std::string_view body);

  // Null when it is not there.
  [[nodiscard]] const boost::json::value* find(std::string_view name);
  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  // The member must be there; otherwise an empty text and an error in the end.
  [[nodiscard]] std::string required_text(std::string_view name);
  [[nodiscard]] std::optional<bool> flag(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> whole(std::string_view name, std::int64_t min,
                                                  std::int64_t max);
  [[nodiscard]] base::Result<void> finish();
  // Keeps the error unless there is one already.
  void refuse(std::string message, std::string hint = {});

 private:
  explicit BodyReader(boost::json::value tree) : tree_(std::move(tree)) {}
  boost::json::value tree_;
  std::set<std::string, std::less<>> known_;
  std::optional<base::Error> error_;
};

}  // namespace sutler::admin
