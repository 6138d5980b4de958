// The server's own log: one JSON object a line on stderr. It tells what happened, never a value.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <variant>

namespace sutler::base::log {

enum class Level { kDebug, kInfo, kWarning, kError, kOff };

struct Field {
  std::string_view name;
  std::variant<std::string_view, std::int64_t> value;
};

// Thread-safe. Lines below the level are dropped. Default: kInfo.
void set_level(Level level);
// Nothing when the word is none of debug, info, warning, error, off.
[[nodiscard]] bool set_level(std::string_view word);
[[nodiscard]] bool is_level(std::string_view word);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void info(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kInfo, m, f);
}
inline void warning(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kWarning, m, f);
}
inline void error(std::string_view m, std::initializer_list<Field> f = {}) {
  write(Level::kError, m, f);
}

}  // namespace sutler::base::log
