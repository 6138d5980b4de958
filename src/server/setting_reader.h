// Typed values out of the merged settings.
#pragma once

#include <charconv>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/duration.h"
#include "base/result.h"
#include "server/settings.h"

namespace sutler::server {

// The first thing that is wrong stays as the error.
class SettingReader {
 public:
  explicit SettingReader(const MergedSettings& merged) : merged_(merged) {}

  [[nodiscard]] const std::string* text(const std::string& key) const {
    const auto at = merged_.values.find(key);
    return at == merged_.values.end() || at->second.empty() ? nullptr : &at->second.back();
  }
  [[nodiscard]] std::vector<std::string> list(const std::string& key) const {
    const auto at = merged_.values.find(key);
    return at == merged_.values.end() ? std::vector<std::string>() : at->second;
  }
  // A switch that is given and says so; one that is not given is neither on nor off.
  [[nodiscard]] bool is_on(const std::string& key) { return given_switch(key) == Switch::kOn; }
  [[nodiscard]] bool is_off(const std::string& key) { return given_switch(key) == Switch::kOff; }
  template <class Number>
  void number(const std::string& key, Number& out, std::uint64_t min, std::uint64_t max) {
    const std::string* word = text(key);
    if (word == nullptr) return;
    std::uint64_t n = 0;
    const auto [end, error] = std::from_chars(word->data(), word->data() + word->size(), n);
    if (error != std::errc() || end != word->data() + word->size() || n < min || n > max) {
      return wrong(key,
                   "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
    }
    out = static_cast<Number>(n);
  }
  void duration(const std::string& key, std::chrono::milliseconds& out) {
    const std::string* word = text(key);
    if (word == nullptr) return;
    const auto parsed = base::parse_duration(*word);
    if (!parsed) return wrong(key, "a time such as 250ms, 30s or 5m");
    out = *parsed;
  }
  void wrong(const std::string& key, const std::string& takes) {
    if (error_) return;
    error_ = base::Error{base::Code::kInvalid, origin(key) + ": " + key + " takes " + takes,
                         "`sutler serve --help` says what each setting takes"};
  }
  [[nodiscard]] std::string origin(const std::string& key) const {
    const auto at = merged_.origins.find(key);
    return at == merged_.origins.end() ? key : at->second;
  }
  [[nodiscard]] const std::optional<base::Error>& error() const { return error_; }

 private:
  enum class Switch { kNone, kOn, kOff };
  Switch given_switch(const std::string& key) {
    const std::string* word = text(key);
    if (word == nullptr) return Switch::kNone;
    if (*word == "true" || *word == "1") return Switch::kOn;
    if (*word == "false" || *word == "0" || word->empty()) return Switch::kOff;
    wrong(key, "true or false");
    return Switch::kNone;
  }

  const MergedSettings& merged_;
  std::optional<base::Error> error_;
};

}  // namespace sutler::server
