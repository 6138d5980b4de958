// Time is an argument: whoever needs the time of day takes a Clock or the time itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sutler::base {

// Microseconds since 1970-01-01T00:00:00Z, as the wall clock says.
struct UnixTime {
  std::int64_t microseconds = 0;

  [[nodiscard]] std::int64_t seconds() const { return microseconds / 1'000'000; }
  auto operator<=>(const UnixTime&) const = default;
  [[nodiscard]] static UnixTime from_seconds(std::int64_t s) { return {s * 1'000'000}; }
};

[[nodiscard]] inline UnixTime operator+(UnixTime time, std::chrono::microseconds d) {
  return {time.microseconds + d.count()};
}

// "2026-11-24T15:05:28.123456Z" (RFC 3339), appended.
void append_rfc3339(std::string& out, UnixTime time);
[[nodiscard]] std::string rfc3339(UnixTime time);
// The same back: `T`, `Z` and the seconds must be there, up to six digits of a fraction may be.
// Nothing for anything else, and for times before 1970.
[[nodiscard]] std::optional<UnixTime> parse_rfc3339(std::string_view text);

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual UnixTime now() const = 0;
};

// The machine's wall clock; it may jump. Thread-safe.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] UnixTime now() const override;
};

// A clock for tests, which stands still until it is told. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(UnixTime start) : now_(start) {}
  [[nodiscard]] UnixTime now() const override { return now_; }
  void set(UnixTime time) { now_ = time; }

 private:
  std::atomic<UnixTime> now_;
};

// Seconds of a clock that never goes back, for deadlines. Its zero means nothing.
[[nodiscard]] double monotonic_seconds();

}  // namespace sutler::base
